"""What a name in a query means: the field it reaches, through which parents, and how SQLite says it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.sandbox.errors import Rejected
from connectors.sandbox.schema import Field, Object, objects
from connectors.sandbox.soql import Path, Query, complaint

MAX_STEPS = 5

_NAMED = Field(name="Name", type="string", length=255)
_TYPED = Field(name="Type", type="string", length=40)
_ID = Field(name="Id", type="id", length=18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A parent passed on the way: its names so far, its id, and its object where that is one."""

    names: tuple[str, ...]
    id_sql: str
    object_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A field that was reached, with its names in the schema's own case."""

    field: Field
    sql: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(slots=True, kw_only=True)
class Scope:
    """The names one query may use; joins are added as paths need them."""

    query: Query
    table: Object
    alias: str
    find: Callable[[str], Object | None]
    joins: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """FROM with the joins of the parents used so far."""
        return " ".join([f"FROM {self.table.name} {self.alias}", *self.joins.values()])

    def resolve(self, path: Path) -> Resolved:
        """The field at the end of the path, or INVALID_FIELD at the place where it stands."""
        names = path.names
        if len(names) > 1 and names[0].lower() in (self.table.name.lower(), (self.query.alias or "").lower()):
            names = names[1:]
        table, alias = self.table, self.alias
        passed: list[Step] = []
        for name in names[:-1]:
            link = table.relationship(name)
            if link is None or link.relationship is None or len(passed) == MAX_STEPS:
                raise self._no_relationship(path, name)
            so_far = (*(passed[-1].names if passed else ()), link.relationship)
            if link.pointing:
                return self._pointed(path, names[-1], link, f"{alias}.{link.name}", so_far, passed)
            table, alias = self._join(path, name, link, alias, so_far)
            passed.append(Step(names=so_far, id_sql=f"{alias}.Id", object_name=table.name))
        found = table.field(names[-1])
        if found is None:
            raise self._no_field(path, names[-1], table.name)
        before = passed[-1].names if passed else ()
        sql = self._blob(table, found, alias) or f"{alias}.{found.name}"
        return Resolved(field=found, sql=sql, names=(*before, found.name), steps=tuple(passed))

    def _blob(self, table: Object, found: Field, alias: str) -> str | None:
        """A base64 field is answered with the address of its body."""
        if found.type != "base64":
            return None
        return f"'/services/data/v68.0/sobjects/{table.name}/' || {alias}.Id || '/{found.name}'"

    def _join(self, path: Path, name: str, link: Field, alias: str, so_far: tuple[str, ...]) -> tuple[Object, str]:
        parent = self.find(link.refers_to[0])
        if parent is None:
            raise self._no_relationship(path, name)
        parent_alias = "_".join((self.alias, *so_far))
        self.joins[so_far] = f"LEFT JOIN {parent.name} {parent_alias} ON {parent_alias}.Id = {alias}.{link.name}"
        return parent, parent_alias

    def _pointed(
        self, path: Path, name: str, link: Field, key: str, so_far: tuple[str, ...], passed: list[Step]
    ) -> Resolved:
        """Id, Name or Type of a record that may be of several objects; no more is known of it."""
        known = {"id": (_ID, key), "name": (_NAMED, _name_of(link, key)), "type": (_TYPED, _type_of(link, key))}
        if name.lower() not in known or len(path.names) > len(so_far) + 2:
            raise self._no_field(path, name, "Name")
        found, sql = known[name.lower()]
        step = Step(names=so_far, id_sql=key, object_name=None)
        return Resolved(field=found, sql=sql, names=(*so_far, found.name), steps=(*passed, step))

    def _no_field(self, path: Path, name: str, table: str) -> Rejected:
        message = (
            f"No such column '{name}' on entity '{table}'. If you are attempting to use a custom field, be sure to"
            " append the '__c' after the custom field name. Please reference your WSDL or the describe call for the"
            " appropriate names."
        )
        return Rejected("INVALID_FIELD", complaint(self.query.text, path.position, message))

    def _no_relationship(self, path: Path, name: str) -> Rejected:
        message = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom"
            " relationship, be sure to append the '__r' after the custom relationship name. Please reference your"
            " WSDL or the describe call for the appropriate names."
        )
        return Rejected("INVALID_FIELD", complaint(self.query.text, path.position, message))


def _name_of(link: Field, key: str) -> str:
    choices = []
    for name in link.refers_to:
        parent = objects()[name]
        column = next((f.name for f in parent.fields.values() if "named" in f.words), "Id")
        choices.append(f"WHEN '{parent.prefix}' THEN (SELECT {column} FROM {name} WHERE Id = {key})")
    return f"CASE substr({key}, 1, 3) {' '.join(choices)} END"


def _type_of(link: Field, key: str) -> str:
    choices = (f"WHEN '{objects()[name].prefix}' THEN '{name}'" for name in link.refers_to)
    return f"CASE substr({key}, 1, 3) {' '.join(choices)} END"
