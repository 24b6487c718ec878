"""What a describe says, held against what was recorded from a real org."""

import json
import pathlib

import pytest

RECORDED = pathlib.Path(__file__).parents[3] / "../shared/crm/recorded_describe_fields.json"
COMPARED = (
    "type", "length", "byteLength", "precision", "scale", "digits", "soapType", "nillable", "createable", "updateable",
    "defaultedOnCreate", "filterable", "sortable", "groupable", "aggregatable", "nameField", "idLookup", "externalId",
    "unique", "custom", "calculated", "relationshipName", "namePointing", "polymorphicForeignKey", "restrictedPicklist",
)  # fmt: skip
FLAGS = ("createable", "updateable", "deletable", "undeletable", "mergeable", "queryable", "replicateable", "keyPrefix")
NEWER = {"Opportunity": {"PushCount"}, "Event": {"Coaching_Key__c", "Type"}}
"""Fields we have that the recorded org (an older release, without our key) had not."""


def recorded():
    if not RECORDED.exists():
        pytest.skip("the recorded describes are not on this machine")
    return json.loads(RECORDED.read_text())


@pytest.mark.parametrize("name", ["Account", "Contact", "Opportunity", "Event", "OpportunityContactRole"])
def test_fields_are_described_as_a_real_org_describes_them(caller, name):
    """Every field we have agrees with the recording in every attribute that decides what a client may do."""
    record = recorded()
    real = {field["name"]: {**record["template"], **field} for field in record["objects"][name]["fields"]}
    ours = caller.call("GET", f"/sobjects/{name}/describe").value
    differences = []
    for field in ours["fields"]:
        if field["name"] not in NEWER.get(name, ()):
            for attribute in COMPARED:
                pair = field[attribute], real[field["name"]][attribute]
                differences += [(field["name"], attribute, *pair)] if pair[0] != pair[1] else []
            assert set(field["referenceTo"]) <= set(real[field["name"]]["referenceTo"])
    assert differences == []
    props = record["objects"][name]["props"]
    assert {flag: ours[flag] for flag in FLAGS} == {flag: props[flag] for flag in FLAGS}


def test_the_key_field_is_an_external_id_and_unique(caller):
    """The one custom field is what setup has to find on tasks and events."""
    for name in ("Task", "Event"):
        fields = {f["name"]: f for f in caller.call("GET", f"/sobjects/{name}/describe").value["fields"]}
        key = fields["Coaching_Key__c"]
        assert (key["type"], key["length"], key["externalId"], key["unique"]) == ("string", 255, True, True)
        assert key["createable"]
        assert key["updateable"]


def test_a_describe_is_not_sent_again_when_nothing_changed(caller):
    """If-Modified-Since is answered with 304 until the schema changes."""
    first = caller.call("GET", "/sobjects/Task/describe")
    again = caller.call("GET", "/sobjects/Task/describe", headers={"if-modified-since": first.headers["Last-Modified"]})
    assert (again.status, again.value) == (304, None)
    caller.wait(minutes=1)
    caller.call("POST", "/sandbox/hide", {"fields": {"Task": ["CallType"]}})
    changed = caller.call(
        "GET", "/sobjects/Task/describe", headers={"if-modified-since": first.headers["Last-Modified"]}
    )
    assert changed.status == 200
    assert "CallType" not in {field["name"] for field in changed.value["fields"]}


def test_stages_and_statuses_are_the_values_of_their_picklists(caller):
    """Picklists backed by a table describe its rows."""
    fields = {f["name"]: f for f in caller.call("GET", "/sobjects/Opportunity/describe").value["fields"]}
    assert "Closed Won" in [choice["value"] for choice in fields["StageName"]["picklistValues"]]
    listed = caller.call("GET", "/sobjects").value["sobjects"]
    assert {"Task", "ContentNote", "OpportunityHistory", "Organization"} <= {found["name"] for found in listed}
