"""What becomes of a write, as receipts: stored, later, never and why, or not there; pure but for one look."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from connectors.records import Intent, Receipt
from connectors.salesforce.client import TRANSIENT_CODES, CallFailed, error_of
from connectors.salesforce.values import Row, long_id

REASONS = {
    "INACTIVE_OWNER_OR_USER": "Its owner is inactive in Salesforce; give the deal or the team to an active user.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "The integration user may not write it; grant create and edit on this object.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The integration user may not write on this deal or for this "
    "owner; grant it 'View All' on deals and check that the owner can see the deal.",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "A trigger or flow of the org failed on it; ask its administrator to look.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "A picklist of the org does not have the value we use; allow it.",
    "REQUIRED_FIELD_MISSING": "The org requires a field that coachsync does not fill; make it optional or default it.",
    "STRING_TOO_LONG": "A text is longer than the org allows.",
    "INVALID_CROSS_REFERENCE_KEY": "The deal or the owner it belongs to is gone or cannot be seen.",
    "ENTITY_IS_DELETED": "The record or its deal was deleted.",
    "STORAGE_LIMIT_EXCEEDED": "The org's storage is full; free some.",
    "FIELD_INTEGRITY_EXCEPTION": "The org does not allow activities on this record.",
    "DUPLICATE_VALUE": "A record already carries its key that the integration user cannot see; let it see all of them.",
    "DUPLICATE_EXTERNAL_ID": "Several records carry its key; delete all but one and make the key field Unique.",
    "NOT_FOUND": "The org does not offer it to the integration user; for notes, turn on Enhanced Notes.",
    "INVALID_TYPE": "The org does not offer it to the integration user; for notes, turn on Enhanced Notes.",
    "DUPLICATES_DETECTED": "A duplicate rule of the org blocks it; let the integration user bypass it.",
}

UNKNOWN = "Salesforce refused it; ask its administrator to look."
OUT_OF_SIGHT = (
    "It was written and cannot be seen any more: let the integration user see it. If it was deleted for good, nothing "
    "needs to be done."
)
HOLDER = re.compile(r"record with id: (00T\w{12})")
"""How Salesforce names the record that holds a unique value already."""


def failure(intent: Intent, errors: Any, recognise: Callable[[Intent], Receipt | None]) -> Receipt:
    """The receipt of a record that was not stored: later, never, or already there."""
    code, message = error_of(errors)
    if code == "DUPLICATE_VALUE":
        adopted = recognise(intent)
        if adopted:
            return adopted
    if code in TRANSIENT_CODES or code == "PROCESSING_HALTED":
        busy = f"Salesforce was busy with it ({code})."
        return Receipt(reference=intent.reference, status="retry", crm_id=intent.crm_id, reason=busy)
    # the org's own words are repeated only where an administrator wrote them; others can quote the text we sent
    said = message[:200] if code == "FIELD_CUSTOM_VALIDATION_EXCEPTION" else code or "no reason given"
    hint = REASONS.get(code, "A validation rule of the org refused it." if "VALIDATION" in code else UNKNOWN)
    holder = HOLDER.search(message) if code == "DUPLICATE_VALUE" else None
    crm_id = long_id(holder[1]) if holder and not intent.crm_id else intent.crm_id
    return Receipt(reference=intent.reference, status="refused", crm_id=crm_id, reason=f"{hint} (Salesforce: {said})")


def absent(intent: Intent) -> Receipt:
    """The receipt of a record that is not there, and is not to be made now."""
    return Receipt(reference=intent.reference, status="absent")


def look_for(
    unsure: Sequence[Intent],
    find: Callable[[Sequence[Intent]], Mapping[str, Row]],
    adopt: Callable[[Sequence[Intent], Mapping[str, Row]], Iterator[Receipt]],
) -> Generator[Receipt, None, list[Intent]]:
    """The receipts of what may be there and is, and at the end those that are not.

    No receipt for what may be there although we may not look; what was never sent is refused with it.
    """
    try:
        found = find(unsure)
    except CallFailed as refused:
        for intent in unsure:
            if not intent.attempted:
                yield Receipt(reference=intent.reference, status="refused", reason=str(refused))
        return []
    yield from adopt([intent for intent in unsure if intent.reference in found], found)
    return [intent for intent in unsure if intent.reference not in found]


def out_of_sight(intent: Intent) -> Receipt:
    """The receipt of a record that no look by its id finds: only the CRM can say that it was deleted."""
    if intent.gone:
        return Receipt(reference=intent.reference, status="stored", crm_id=intent.crm_id, kept=("deleted",))
    return Receipt(reference=intent.reference, status="refused", crm_id=intent.crm_id, reason=OUT_OF_SIGHT)
