#include "api/health.h"

#include "api/answer.h"

static enum step_result
answer_live(struct task *task)
{
	struct request *request = request_of(task);

	answer_json(request);
	buf_add_c(&request->answer.body, "{\"status\":\"live\"}");
	request->answer.cache_control = STR("no-store");
	return STEP_DONE;
}

const struct step health_live_steps[] = { { "answer live", answer_live }, { 0 } };

static enum err
look(struct tx *tx, void *arg)
{
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	(void)arg;
	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, "SELECT 1");
	err = tx_query(tx, &sql, &rows);
	if (err == OK)
		(void)tx_next(&rows);
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

/* Ready: the store answers a read, takes writes, and nobody asked us to stop. */
static enum step_result
ask_store(struct task *task)
{
	return request_read_store(request_of(task), look, NULL, STORE_HEAVY);
}

static enum step_result
answer_ready(struct task *task)
{
	struct request *request = request_of(task);
	enum err err = request->call.err;

	if (err == OK)
		err = store_health(request->home->server->store);
	if (err == OK && atomic_load(&request->home->server->draining))
		err = ERR_OVERLOADED;
	if (err == ERR_APP_OUTDATED)
		return request_refuse(request, err,
		    "Not ready: the database was changed for a newer caisson.yaml; start with that.");
	if (err != OK)
		return request_refuse(request, ERR_STORE_UNAVAILABLE, "Not ready.");
	answer_json(request);
	buf_addf(&request->answer.body, "{\"status\":\"ready\",\"commit\":\"%lld\"}",
	    (long long)store_last_number(request->home->server->store));
	request->answer.cache_control = STR("no-store");
	return STEP_DONE;
}

const struct step health_ready_steps[] = {
	{ "ask store", ask_store },
	{ "answer ready", answer_ready },
	{ 0 },
};

static enum step_result
answer_options(struct task *task)
{
	struct request *request = request_of(task);

	request->answer.status = 204;
	request->answer.allow = routes_allowed(request);
	return STEP_DONE;
}

static const struct step options_steps[] = { { "answer options", answer_options }, { 0 } };

const struct route options_route = { H1_OPTIONS, ROUTE_ROOT, "*", BODY_NONE, options_steps, NULL, "options",
	"What may be done here?", NULL, NULL };
