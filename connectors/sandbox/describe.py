"""What a describe says of objects and fields."""

import re
from typing import Any

from connectors.sandbox.org import Org
from connectors.sandbox.schema import Field, Object

_SOAP = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "base64": "xsd:base64Binary", "anyType": "xsd:anyType",
}  # fmt: skip

_OBJECT_FLAGS = {
    "createable": "create", "updateable": "update", "deletable": "delete", "undeletable": "undelete",
    "mergeable": "merge", "queryable": "query", "retrieveable": "retrieve", "replicateable": "replicate",
}  # fmt: skip


def summary(found: Object, version: str) -> dict[str, Any]:
    """An object as the global describe lists it."""
    base = f"/services/data/{version}/sobjects/{found.name}"
    return {
        "name": found.name, "label": found.label, "labelPlural": found.plural, "keyPrefix": found.prefix,
        "custom": False, "customSetting": False, "deprecatedAndHidden": False, "layoutable": True, "searchable": True,
        "triggerable": True, "feedEnabled": False, "activateable": False, "mruEnabled": False,
        **{flag: verb in found.allows for flag, verb in _OBJECT_FLAGS.items()},
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }  # fmt: skip


def whole(org: Org, found: Object, version: str) -> dict[str, Any]:
    """An object with its fields."""
    fields = [_field(org, field) for field in found.fields.values()]
    return {
        **summary(found, version),
        "fields": fields,
        "childRelationships": [],
        "recordTypeInfos": [],
        "supportedScopes": [],
    }


def _field(org: Org, field: Field) -> dict[str, Any]:
    text = bool(field.length) and field.type not in ("id", "reference")
    return {
        "name": field.name, "label": _label(field.name), "type": field.type, "length": field.length,
        "byteLength": 18 if field.type in ("id", "reference") else field.length * 3 * text,
        "precision": field.precision, "scale": field.scale, "digits": field.digits,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "nillable": field.nillable, "createable": field.createable, "updateable": field.updateable,
        "defaultedOnCreate": field.defaulted, "defaultValue": field.default, "defaultValueFormula": None,
        "filterable": field.filterable, "sortable": field.sortable, "groupable": field.groupable,
        "aggregatable": field.aggregatable, "nameField": "named" in field.words,
        "idLookup": field.type == "id" or ("lookup" in field.words and "external" not in field.words),
        "externalId": "external" in field.words, "unique": "unique" in field.words, "caseSensitive": False,
        "custom": field.name.endswith("__c"), "calculated": False, "calculatedFormula": None, "autoNumber": False,
        "encrypted": False, "htmlFormatted": False, "deprecatedAndHidden": False, "cascadeDelete": False,
        "permissionable": field.nillable and field.createable, "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship, "namePointing": field.pointing and len(field.refers_to) > 0,
        "polymorphicForeignKey": field.pointing, "restrictedPicklist": "fixed" in field.words,
        "picklistValues": _choices(org, field), "inlineHelpText": None, "dependentPicklist": False,
    }  # fmt: skip


def _label(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("__c").replace("_", " ")).replace(" Id", " ID")


def _choices(org: Org, field: Field) -> list[dict[str, Any]]:
    values = [(choice, True, False) for choice in field.choices]
    if field.choices_from:
        rows = org.rows(f"SELECT * FROM {field.choices_from} ORDER BY SortOrder")
        values = [
            (row["ApiName"] or row["MasterLabel"], bool(row.get("IsActive", 1)), bool(row.get("IsDefault")))
            for row in rows
        ]
    return [
        {"value": value, "label": value, "active": active, "defaultValue": default, "validFor": None}
        for value, active, default in values
        if active
    ]


def converted(found: Object, row: dict[str, Any]) -> dict[str, Any]:
    """A stored row as JSON values: booleans become true and false."""
    return {
        name: (row[name] == 1 if field.type == "boolean" else row[name])
        for name, field in found.fields.items()
        if name in row
    }
