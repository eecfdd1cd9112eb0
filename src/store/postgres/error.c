/* What the server's SQLSTATEs mean to a body and to its lane. */
#include <stdio.h>
#include <string.h>

#include "app/names.h"
#include "store/postgres/connection.h"

enum failure {
	OUR_MISTAKE,
	UNIQUE,
	REFERENCE,
	CHECK,
	LOST, /* against another transaction: run again */
	STALE, /* the session is of no use any more: run again on a new one */
	COSTLY,
	FULL,
	BUSY,
	AWAY,
	TOO_LARGE,
	BAD_DISK,
	OUTDATED, /* a table or column is not there any more */
};

/* The first row whose code begins the SQLSTATE. */
static const struct {
	const char *state;
	enum failure failure;
} failures[] = {
	{ "23505", UNIQUE },
	{ "23503", REFERENCE },
	{ "23001", REFERENCE }, /* restrict_violation */
	{ "23", CHECK },
	{ "22", CHECK }, /* a value that its type cannot hold */
	{ "40003", AWAY }, /* statement_completion_unknown */
	{ "40", LOST }, /* serialization_failure, deadlock_detected */
	{ "55P03", LOST }, /* lock_not_available: lock_timeout */
	{ "57014", COSTLY }, /* query_canceled: statement_timeout */
	{ "0A000", STALE }, /* cached plan must not change result type */
	{ "26000", STALE }, /* the prepared statement is not there */
	{ "25006", STALE }, /* the server has become read-only */
	{ "25P03", STALE }, /* idle_in_transaction_session_timeout */
	{ "53100", FULL },
	{ "53", BUSY }, /* out of memory, too many connections */
	{ "54", TOO_LARGE },
	{ "57P", AWAY }, /* shutdown, crash, starting up */
	{ "08P01", OUR_MISTAKE }, /* protocol_violation: the connection is as good as before */
	{ "08", AWAY },
	{ "42P01", OUTDATED }, /* undefined_table */
	{ "42703", OUTDATED }, /* undefined_column */
	{ "58", BAD_DISK },
};

static enum failure
failure_of(const char *state)
{
	for (size_t i = 0; i < COUNT(failures); i++)
		if (strncmp(state, failures[i].state, strlen(failures[i].state)) == 0)
			return failures[i].failure;
	return OUR_MISTAKE;
}

static enum err
err_of(enum failure failure)
{
	static const enum err errs[] = {
		[OUR_MISTAKE] = ERR_INTERNAL,
		[UNIQUE] = ERR_CONFLICT,
		[REFERENCE] = ERR_CONFLICT,
		[CHECK] = ERR_CONFLICT,
		[LOST] = ERR_OVERLOADED,
		[STALE] = ERR_STORE_UNAVAILABLE,
		[COSTLY] = ERR_TOO_COSTLY,
		[FULL] = ERR_STORE_FULL,
		[BUSY] = ERR_OVERLOADED,
		[AWAY] = ERR_STORE_UNAVAILABLE,
		[TOO_LARGE] = ERR_TOO_LARGE,
		[BAD_DISK] = ERR_IO,
		[OUTDATED] = ERR_APP_OUTDATED,
	};

	return errs[failure];
}

static void
copy_name(char ret[64], struct str name)
{
	snprintf(ret, 64, "%.*s", (int)(name.size < 63 ? name.size : 63), name.data);
}

/* The index that refused is named after its column in the catalogue; a primary key is the server's "_pkey". */
static void
note_column(const struct app *app, const char *index, struct tx_problem *problem)
{
	const struct collection *collection = app_collection(app, str_from(problem->table));
	const struct field *field;

	if (collection == NULL || index == NULL)
		return;
	field = unique_name_field(collection, str_from(index));
	if (field == NULL)
		problem->several = unique_name_index(collection, str_from(index));
	if (problem->several != NULL)
		field = problem->several->fields[0];
	if (field != NULL)
		copy_name(problem->column, field->name);
	else if (strlen(index) > 5 && strcmp(index + strlen(index) - 5, "_pkey") == 0)
		copy_name(problem->column, STR("id"));
}

static void
note_problem(
    const struct app *app, const PGresult *result, enum failure failure, struct tx_problem *ret)
{
	const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);

	*ret = (struct tx_problem){ .kind = failure == UNIQUE      ? TX_UNIQUE
					    : failure == REFERENCE ? TX_REFERENCE
								   : TX_CHECK };
	if (table != NULL)
		copy_name(ret->table, str_from(table));
	if (failure == UNIQUE)
		note_column(app, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), ret);
}

enum err
postgres_error(
    struct postgres_connection *connection, const PGresult *result, struct tx_problem *ret_problem)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	enum failure failure = state == NULL ? AWAY : failure_of(state);

	connection->failed = true;
	snprintf(connection->message, sizeof(connection->message), "%s",
	    message != NULL ? message : PQresultErrorMessage(result));
	connection->again = failure == LOST || failure == STALE;
	connection->stale = connection->stale || failure == STALE || failure == AWAY;
	snprintf(connection->state, sizeof(connection->state), "%s", state == NULL ? "" : state);
	if (ret_problem != NULL && err_of(failure) == ERR_CONFLICT)
		note_problem(connection->app, result, failure, ret_problem);
	return err_of(failure);
}
