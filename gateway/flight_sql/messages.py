"""The Flight SQL messages that are read or written here: a dataclass and a table of fields each."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.flight_sql.wire import Field, Message, Scalar

STRING, BYTES, BOOL, INT = Scalar.STRING, Scalar.BYTES, Scalar.BOOL, Scalar.INT


@dataclass(frozen=True, slots=True)
class Packed:
    """``google.protobuf.Any``: a message beside the name of its type."""

    type_url: str = ""
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class GetCatalogs:
    """The names of the catalogs."""


@dataclass(frozen=True, slots=True)
class GetDbSchemas:
    """The schemas of catalogs."""

    catalog: str | None = None
    db_schema_filter_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class GetTables:
    """The tables whose names match patterns."""

    catalog: str | None = None
    db_schema_filter_pattern: str | None = None
    table_name_filter_pattern: str | None = None
    table_types: tuple[str, ...] = ()
    include_schema: bool = False


@dataclass(frozen=True, slots=True)
class GetTableTypes:
    """The kinds of table there are."""


@dataclass(frozen=True, slots=True)
class GetPrimaryKeys:
    """The primary key of one table."""

    catalog: str | None = None
    db_schema: str | None = None
    table: str = ""


@dataclass(frozen=True, slots=True)
class GetExportedKeys:
    """The foreign keys that refer to one table."""

    catalog: str | None = None
    db_schema: str | None = None
    table: str = ""


@dataclass(frozen=True, slots=True)
class GetImportedKeys:
    """The foreign keys of one table."""

    catalog: str | None = None
    db_schema: str | None = None
    table: str = ""


@dataclass(frozen=True, slots=True)
class GetCrossReference:
    """The foreign keys from one table to another."""

    pk_catalog: str | None = None
    pk_db_schema: str | None = None
    pk_table: str = ""
    fk_catalog: str | None = None
    fk_db_schema: str | None = None
    fk_table: str = ""


@dataclass(frozen=True, slots=True)
class GetSqlInfo:
    """What this server can do, by numbered question; none asked means all."""

    info: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GetXdbcTypeInfo:
    """The types of columns, in the words of ODBC and JDBC."""

    data_type: int | None = None


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """A question as text."""

    query: str = ""
    transaction_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class PreparedStatementQuery:
    """A question that was prepared before."""

    prepared_statement_handle: bytes = b""


@dataclass(frozen=True, slots=True)
class StatementTicket:
    """The one claim to the answer of a question."""

    statement_handle: bytes = b""


@dataclass(frozen=True, slots=True)
class CreatePreparedStatement:
    """Settle a question for asking it later."""

    query: str = ""
    transaction_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class PreparedStatement:
    """A settled question: its handle, and the schemas of its answer and its parameters."""

    prepared_statement_handle: bytes = b""
    dataset_schema: bytes = b""
    parameter_schema: bytes = b""


@dataclass(frozen=True, slots=True)
class ClosePreparedStatement:
    """Forget a settled question."""

    prepared_statement_handle: bytes = b""


@dataclass(frozen=True, slots=True)
class BeginTransaction:
    """Begin what means nothing to reads."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """The name of a transaction."""

    transaction_id: bytes = b""


@dataclass(frozen=True, slots=True)
class EndTransaction:
    """End what means nothing to reads."""

    transaction_id: bytes = b""
    action: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """A claim as Flight itself carries it."""

    ticket: bytes = b""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where part of an answer is fetched."""

    ticket: Ticket = field(default_factory=Ticket)


@dataclass(frozen=True, slots=True)
class Info:
    """What a client holds of a question it asked; only its claims are read here."""

    endpoint: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelFlightInfo:
    """Stop what answers a question."""

    info: Info = field(default_factory=Info)


@dataclass(frozen=True, slots=True)
class CancelQuery:
    """Stop what answers a question, as clients before Flight 13 say it."""

    info: bytes = b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a cancellation or the end of a session went, as one enumeration."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts."""

    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One of five kinds of value; none of them means the option is unset."""

    string_value: str | None = None
    bool_value: bool | None = None
    int64_value: int | None = None
    double_value: float | None = None
    string_list_value: Texts | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a map of session options."""

    key: str = ""
    value: OptionValue = field(default_factory=OptionValue)


@dataclass(frozen=True, slots=True)
class SetSessionOptions:
    """Change the options of a session."""

    session_options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class OptionError:
    """Why an option was not set, as an enumeration."""

    value: int = 0


@dataclass(frozen=True, slots=True)
class RefusedOption:
    """One entry of the map of options that were not set."""

    key: str = ""
    value: OptionError = field(default_factory=OptionError)


@dataclass(frozen=True, slots=True)
class RefusedOptions:
    """The options that were not set."""

    errors: tuple[RefusedOption, ...] = ()


@dataclass(frozen=True, slots=True)
class GetSessionOptions:
    """The options of a session."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The options that a session has."""

    session_options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseSession:
    """End a session."""


HANDLE = Field(1, "prepared_statement_handle", BYTES)
ONE_TABLE = (
    Field(1, "catalog", STRING),
    Field(2, "db_schema", STRING),
    Field(3, "table", STRING),
)
TEXT_OF_QUERY = (Field(1, "query", STRING), Field(2, "transaction_id", BYTES))

PACKED = Message("Any", Packed, (Field(1, "type_url", STRING), Field(2, "value", BYTES)))

GET_CATALOGS = Message("CommandGetCatalogs", GetCatalogs)
GET_DB_SCHEMAS = Message(
    "CommandGetDbSchemas",
    GetDbSchemas,
    (Field(1, "catalog", STRING), Field(2, "db_schema_filter_pattern", STRING)),
)
GET_TABLES = Message(
    "CommandGetTables",
    GetTables,
    (
        Field(1, "catalog", STRING),
        Field(2, "db_schema_filter_pattern", STRING),
        Field(3, "table_name_filter_pattern", STRING),
        Field(4, "table_types", STRING, repeated=True),
        Field(5, "include_schema", BOOL),
    ),
)
GET_TABLE_TYPES = Message("CommandGetTableTypes", GetTableTypes)
GET_PRIMARY_KEYS = Message("CommandGetPrimaryKeys", GetPrimaryKeys, ONE_TABLE)
GET_EXPORTED_KEYS = Message("CommandGetExportedKeys", GetExportedKeys, ONE_TABLE)
GET_IMPORTED_KEYS = Message("CommandGetImportedKeys", GetImportedKeys, ONE_TABLE)
GET_CROSS_REFERENCE = Message(
    "CommandGetCrossReference",
    GetCrossReference,
    (
        Field(1, "pk_catalog", STRING),
        Field(2, "pk_db_schema", STRING),
        Field(3, "pk_table", STRING),
        Field(4, "fk_catalog", STRING),
        Field(5, "fk_db_schema", STRING),
        Field(6, "fk_table", STRING),
    ),
)
GET_SQL_INFO = Message(
    "CommandGetSqlInfo", GetSqlInfo, (Field(1, "info", Scalar.UINT32, repeated=True),)
)
GET_XDBC_TYPE_INFO = Message(
    "CommandGetXdbcTypeInfo", GetXdbcTypeInfo, (Field(1, "data_type", INT),)
)
STATEMENT_QUERY = Message("CommandStatementQuery", StatementQuery, TEXT_OF_QUERY)
PREPARED_STATEMENT_QUERY = Message(
    "CommandPreparedStatementQuery", PreparedStatementQuery, (HANDLE,)
)
STATEMENT_TICKET = Message(
    "TicketStatementQuery", StatementTicket, (Field(1, "statement_handle", BYTES),)
)

CREATE_PREPARED_STATEMENT = Message(
    "ActionCreatePreparedStatementRequest", CreatePreparedStatement, TEXT_OF_QUERY
)
PREPARED_STATEMENT = Message(
    "ActionCreatePreparedStatementResult",
    PreparedStatement,
    (HANDLE, Field(2, "dataset_schema", BYTES), Field(3, "parameter_schema", BYTES)),
)
CLOSE_PREPARED_STATEMENT = Message(
    "ActionClosePreparedStatementRequest", ClosePreparedStatement, (HANDLE,)
)
BEGIN_TRANSACTION = Message("ActionBeginTransactionRequest", BeginTransaction)
TRANSACTION = Message(
    "ActionBeginTransactionResult", Transaction, (Field(1, "transaction_id", BYTES),)
)
END_TRANSACTION = Message(
    "ActionEndTransactionRequest",
    EndTransaction,
    (Field(1, "transaction_id", BYTES), Field(2, "action", INT)),
)
CANCEL_QUERY = Message("ActionCancelQueryRequest", CancelQuery, (Field(1, "info", BYTES),))
CANCEL_QUERY_RESULT = Message("ActionCancelQueryResult", Outcome, (Field(1, "status", INT),))

TICKET = Message("Ticket", Ticket, (Field(1, "ticket", BYTES),))
ENDPOINT = Message("FlightEndpoint", Endpoint, (Field(1, "ticket", TICKET),))
INFO = Message("FlightInfo", Info, (Field(3, "endpoint", ENDPOINT, repeated=True),))
CANCEL_FLIGHT_INFO = Message("CancelFlightInfoRequest", CancelFlightInfo, (Field(1, "info", INFO),))
CANCEL_FLIGHT_INFO_RESULT = Message("CancelFlightInfoResult", Outcome, (Field(1, "status", INT),))
TEXTS = Message(
    "SessionOptionValue.StringListValue", Texts, (Field(1, "values", STRING, repeated=True),)
)
OPTION_VALUE = Message(
    "SessionOptionValue",
    OptionValue,
    (
        Field(1, "string_value", STRING),
        Field(2, "bool_value", BOOL),
        Field(3, "int64_value", Scalar.SFIXED64),
        Field(4, "double_value", Scalar.DOUBLE),
        Field(5, "string_list_value", TEXTS),
    ),
)
OPTION = Message(
    "SessionOptionsEntry", Option, (Field(1, "key", STRING), Field(2, "value", OPTION_VALUE))
)
SET_SESSION_OPTIONS = Message(
    "SetSessionOptionsRequest",
    SetSessionOptions,
    (Field(1, "session_options", OPTION, repeated=True),),
)
OPTION_ERROR = Message("SetSessionOptionsResult.Error", OptionError, (Field(1, "value", INT),))
REFUSED_OPTION = Message(
    "ErrorsEntry", RefusedOption, (Field(1, "key", STRING), Field(2, "value", OPTION_ERROR))
)
REFUSED_OPTIONS = Message(
    "SetSessionOptionsResult", RefusedOptions, (Field(1, "errors", REFUSED_OPTION, repeated=True),)
)
GET_SESSION_OPTIONS = Message("GetSessionOptionsRequest", GetSessionOptions)
SESSION_OPTIONS = Message(
    "GetSessionOptionsResult",
    SessionOptions,
    (Field(1, "session_options", OPTION, repeated=True),),
)
CLOSE_SESSION = Message("CloseSessionRequest", CloseSession)
CLOSE_SESSION_RESULT = Message("CloseSessionResult", Outcome, (Field(1, "status", INT),))
