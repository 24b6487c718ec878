"""Creating, changing and deleting records by the rules of the house; what follows from a save is in triggers."""

import re
from collections.abc import Mapping
from typing import Any

from connectors.sandbox import notes, triggers
from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Actor, Org
from connectors.sandbox.schema import KEY_FIELD, Field, Object, by_prefix
from connectors.sandbox.values import Stored, received, record_id

Values = dict[str, Stored]

LOCKED_PARENTS = ("WhatId", "WhoId", "AccountId", "OpportunityId", "ContactId", "LinkedEntityId")


def create(org: Org, actor: Actor, name: str, fields: Mapping[str, object]) -> str:
    """A new record; returns its id. Rejected says which rule stood against it."""
    found = writable(org, actor, name, "create")
    given = _given(found, fields, creating=True)
    if found.name == "ContentNote":
        return notes.create(org, actor.user_id, given)
    new = _birth(org, actor, found) | given
    triggers.before(org, found.name, new, {}, given)
    _check(org, found, new, new, {})
    lock(org, actor, new)
    with org.transaction():
        org.insert(found.name, new)
        triggers.after(org, found.name, new, {}, actor.user_id)
        _flow(org, found.name, str(new["Id"]))
    return str(new["Id"])


def update(org: Org, actor: Actor, name: str, key: str, fields: Mapping[str, object]) -> None:
    """Change a record that is not deleted."""
    found = writable(org, actor, name, "update")
    old = live(org, actor, found, key)
    lock(org, actor, old)
    given = _given(found, fields, creating=False)
    if found.name == "ContentNote":
        notes.update(org, actor.user_id, old, given)
        return
    new = {**old, **given}
    triggers.before(org, found.name, new, old, given)
    changed = {field: value for field, value in new.items() if value != old.get(field)}
    _check(org, found, new, changed, old)
    stamp = org.stamp()
    audit = {"LastModifiedDate": stamp, "LastModifiedById": actor.user_id, "SystemModstamp": stamp}
    changed |= {field: value for field, value in audit.items() if found.has(field)}
    with org.transaction():
        org.update(found.name, str(old["Id"]), changed)
        triggers.after(org, found.name, new, old, actor.user_id)


def lock(org: Org, actor: Actor, row: Mapping[str, object]) -> None:
    """Take the record and its parents for writing, or UNABLE_TO_LOCK_ROW; people at the screen just wait for them."""
    if actor.sees_all:
        return
    keys = [str(row[name]) for name in ("Id", *LOCKED_PARENTS) if row.get(name)]
    held = [key for key in keys if key in org.settings.locked_ids]
    if not held and org.chance.random() < org.settings.lock_probability:
        held = keys[:1]
    if held:
        message = f"unable to obtain exclusive access to this record or {len(held)} records: {','.join(held)}"
        raise Rejected("UNABLE_TO_LOCK_ROW", message)


def _flow(org: Org, name: str, key: str) -> None:
    flow = org.settings.flow
    if flow and flow["object"] == name:
        update(org, Actor(user_id=_automation_user(org), sees_all=True), name, key, flow["set"])


def _automation_user(org: Org) -> str:
    """The user in whose name automations work; made when the first one does."""
    sql = "SELECT Id FROM User WHERE UserType = 'AutomatedProcess'"
    if not org.row(sql):
        names = {"Username": "automation@sandbox.invalid", "LastName": "Automated Process", "Name": "Automated Process"}
        org.load("User", [{**names, "UserType": "AutomatedProcess", "IsActive": True}])
    return str(org.row(sql)["Id"])


def upsert(org: Org, actor: Actor, name: str, key: tuple[str, object], fields: Mapping[str, object],
           *, insert: bool = True) -> tuple[str, bool]:  # fmt: skip
    """Update the one live record whose field holds this value, or create it; returns its id and whether it is new.

    `insert` False forbids the creation. More than one match is rejected with status 300.
    """
    found = writable(org, actor, name, "create")
    field = _finding_field(found, key[0])
    value = received(field, key[1])
    if value is None:
        raise Rejected("MISSING_ARGUMENT", f"{field.name} not specified", fields=(field.name,))
    matches = _matching(org, actor, found, field, value)
    if len(matches) > 1:
        raise Rejected("DUPLICATE_VALUE", f"duplicate external id field: {field.name}", 300, (field.name,))
    rest = {name: item for name, item in fields.items() if name.lower() != field.name.lower()}
    if matches:
        update(org, actor, found.name, matches[0], rest)
        return matches[0], False
    if not insert or field.type == "id":
        raise Rejected("NOT_FOUND", "Provided external ID field does not exist or is not accessible", 404)
    return create(org, actor, found.name, {**rest, field.name: value}), True


def found_by(org: Org, actor: Actor, found: Object, name: str, value: object) -> list[str]:
    """Ids of the live records whose field of this name holds this value."""
    field = _finding_field(found, name)
    return _matching(org, actor, found, field, received(field, value))


def _matching(org: Org, actor: Actor, found: Object, field: Field, value: Stored) -> list[str]:
    rows = org.rows(f"SELECT Id FROM {found.name} WHERE {field.name} = ? AND {_alive(found)}", (value,))
    return [row["Id"] for row in rows if actor.sees_all or row["Id"] not in org.blind]


def _alive(found: Object) -> str:
    return "IsDeleted = 0" if found.has("IsDeleted") else "1"


def _finding_field(found: Object, name: str) -> Field:
    field = found.field(name)
    if field is None or not field.finds:
        message = f"Field name provided, {name} is not an External ID or indexed field for {found.name}"
        raise Rejected("INVALID_FIELD", message, fields=(name,))
    return field


def writable(org: Org, actor: Actor, name: str, verb: str) -> Object:
    """The object, if this actor may do `verb` to its records."""
    found = org.find_object(name, actor)
    if found is None:
        raise Rejected("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    if verb not in found.allows:
        raise Rejected("INVALID_TYPE_FOR_OPERATION", f"entity type {found.name} does not support {verb}")
    return found


def live(org: Org, actor: Actor, found: Object, key: str) -> dict[str, Any]:
    """The record as stored; NOT_FOUND, ENTITY_IS_DELETED or MALFORMED_ID when there is none to be had."""
    row = org.record(found.name, record_id(key))
    if not row or (row["Id"] in org.blind and not actor.sees_all):
        raise Rejected("NOT_FOUND", "The requested resource does not exist", 404)
    if row.get("IsDeleted"):
        raise Rejected("ENTITY_IS_DELETED", "entity is deleted", 404)
    return row


def _given(found: Object, fields: Mapping[str, object], *, creating: bool) -> Values:
    given: Values = {}
    refused = []
    for name, value in fields.items():
        if name in ("attributes", "type"):
            continue
        field = found.field(name)
        if field is None:
            raise Rejected("INVALID_FIELD", f"No such column '{name}' on sobject of type {found.name}")
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
        else:
            given[field.name] = received(field, value)
    if refused:
        message = (
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this field"
            " and verify that it is read/write for your profile or permission set."
        )
        raise Rejected("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=tuple(refused))
    return given


def _birth(org: Org, actor: Actor, found: Object) -> Values:
    """What a new record holds before anybody says anything."""
    stamp = org.stamp()
    values: Values = dict.fromkeys(org.whole_object(found.name).fields)
    for field in found.fields.values():
        if field.default is not None:
            values[field.name] = int(field.default) if isinstance(field.default, bool) else field.default
    for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
        values |= {name: stamp} if found.has(name) else {}
    for name in ("CreatedById", "LastModifiedById", "OwnerId"):
        values |= {name: actor.user_id} if found.has(name) else {}
    return values | {"Id": org.new_id(found.name)}


def _check(org: Org, found: Object, new: Values, changed: Mapping[str, Stored], old: Mapping[str, object]) -> None:
    """Every rule that a changed value, or the record as a whole, must obey; the first broken one is raised."""
    _check_required(org, found, new, old)
    for name in changed:
        field = found.fields.get(name)
        if field is not None and changed[name] is not None:
            _check_choice(org, field, changed[name])
            _check_reference(org, field, str(changed[name]))
            _check_unique(org, found, field, new)
    if "OwnerId" in changed or not org.settings.inactive_owner_updates:
        _check_owner(org, found, new)
    _check_rules(org, found, new)


def _check_required(org: Org, found: Object, new: Values, old: Mapping[str, object]) -> None:
    missing = [
        field.name
        for field in found.fields.values()
        if not field.nillable and field.createable and new.get(field.name) is None
        and (not old or old.get(field.name) is not None)
    ]  # fmt: skip
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise Rejected("REQUIRED_FIELD_MISSING", message, fields=tuple(missing))


def _check_choice(org: Org, field: Field, value: Stored) -> None:
    if field.choices_from:
        active = " AND IsActive = 1" if field.choices_from == "OpportunityStage" else ""
        good = org.count(field.choices_from, f"(ApiName = ? OR MasterLabel = ?){active}", (value, value)) > 0
    else:
        good = "fixed" not in field.words or not field.choices or value in field.choices
    if not good:
        message = f"{field.name}: bad value for restricted picklist field: {value}"
        raise Rejected("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=(field.name,))


def _check_reference(org: Org, field: Field, value: str) -> None:
    if field.type != "reference":
        return
    kind = by_prefix().get(value[:3])
    if kind not in field.refers_to:
        label = {"WhatId": "Related To ID", "WhoId": "Name ID", "OwnerId": "Owner ID"}.get(field.name, field.name)
        message = f"{label}: id value of incorrect type: {value}"
        raise Rejected("FIELD_INTEGRITY_EXCEPTION", message, fields=(field.name,))
    row = org.record(kind, value)
    if not row:
        raise Rejected("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", 404)
    if row.get("IsDeleted"):
        raise Rejected("ENTITY_IS_DELETED", "entity is deleted", 404)


def _check_unique(org: Org, found: Object, field: Field, new: Values) -> None:
    if "unique" not in field.words:
        return
    # The key is a field of Activity, so tasks and events share its values; the recycle bin holds on to them too.
    tables = ("Task", "Event") if field.name == KEY_FIELD else (found.name,)
    for table in tables:
        sql = f"SELECT Id FROM {table} WHERE {field.name} = ? AND Id <> ?"
        if other := org.row(sql, (new[field.name], new["Id"])):
            message = f"duplicate value found: {field.name} duplicates value on record with id: {str(other['Id'])[:15]}"
            raise Rejected("DUPLICATE_VALUE", message, fields=(field.name,))


def _check_owner(org: Org, found: Object, new: Values) -> None:
    owner = new.get("OwnerId")
    if owner and not org.record("User", str(owner)).get("IsActive", 1):
        message = f"operation performed with inactive user [{str(owner)[:15]}] as owner of {found.name.lower()}"
        raise Rejected("INACTIVE_OWNER_OR_USER", message)


def _check_rules(org: Org, found: Object, new: Values) -> None:
    for rule in org.settings.validation_rules:
        if rule["object"] == found.name and re.search(rule["forbid"], str(new.get(rule["field"]) or "")):
            raise Rejected("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule["message"], fields=(rule["field"],))
