#include "api/idempotency.h"

#include "api/answer.h"
#include "api/collections.h"
#include "base/hash.h"
#include "crypto/hash.h"

enum { KEY_SIZE_MAX = 255 };

struct idempotency {
	struct str key;
	uint64_t in_flight; /* hash of principal and key */
	char request_hex[SHA256_HEX_SIZE];
	bool answered; /* the answer was made in the transaction, or found stored */
	struct idempotency *next;
	struct str principal;
};

/* --- the in-flight table: requests of this process whose key is in use -- */

enum { IN_FLIGHT_BUCKETS = 256 };

static struct {
	uv_once_t once;
	uv_mutex_t mutex;
	struct idempotency *buckets[IN_FLIGHT_BUCKETS];
} in_flight = { .once = UV_ONCE_INIT };

static void
init_in_flight(void)
{
	uv_mutex_init(&in_flight.mutex);
}

static bool
is_same(const struct idempotency *a, const struct idempotency *b)
{
	return a->in_flight == b->in_flight && str_equal(a->key, b->key) &&
	       str_equal(a->principal, b->principal);
}

static bool
enter(struct idempotency *idempotency)
{
	struct idempotency **bucket = &in_flight.buckets[idempotency->in_flight % IN_FLIGHT_BUCKETS];
	struct idempotency *other;

	uv_once(&in_flight.once, init_in_flight);
	uv_mutex_lock(&in_flight.mutex);
	for (other = *bucket; other != NULL && !is_same(other, idempotency); other = other->next)
		;
	if (other == NULL) {
		idempotency->next = *bucket;
		*bucket = idempotency;
	}
	uv_mutex_unlock(&in_flight.mutex);
	return other == NULL;
}

static void
leave(struct idempotency *idempotency)
{
	struct idempotency **at = &in_flight.buckets[idempotency->in_flight % IN_FLIGHT_BUCKETS];

	uv_mutex_lock(&in_flight.mutex);
	while (*at != idempotency)
		at = &(*at)->next;
	*at = idempotency->next;
	uv_mutex_unlock(&in_flight.mutex);
}

/* --- a stored answer: fields on a line each, an empty line, the body ---- */

static void
add_line(struct buf *text, struct str line)
{
	buf_add_str(text, line);
	buf_add_byte(text, '\n');
}

static void
write_stored(struct buf *text, const struct answer *answer)
{
	buf_addf(text, "%lld.%.*s\n%lld\n", (long long)answer->etag, STR_ARGS(answer->etag_shape),
	    (long long)answer->commit);
	add_line(text, answer->type);
	add_line(text, answer->location);
	add_line(text, answer->applied);
	buf_add_str(text, buf_str(&answer->body));
}

/* An empty line is an absent field. */
static struct str
take_line(struct request *request, struct str *rest)
{
	struct str line;

	if (!str_split(rest, '\n', &line) || line.size == 0)
		return (struct str){ 0 };
	return arena_str(&request->arena, line);
}

/* "N.h"; h is empty for a record as it stands. */
static void
take_etag(struct request *request, struct str line)
{
	size_t dot = str_find_byte(line, '.');

	(void)str_to_int(str_slice(line, 0, dot), &request->answer.etag);
	if (dot + 1 < line.size)
		request->answer.etag_shape = str_slice(line, dot + 1, line.size);
}

static void
read_stored(struct request *request, int status, struct str text)
{
	struct answer *answer = &request->answer;

	answer->status = status;
	take_etag(request, take_line(request, &text));
	(void)str_to_int(take_line(request, &text), &answer->commit);
	answer->type = take_line(request, &text);
	answer->location = take_line(request, &text);
	answer->applied = take_line(request, &text);
	answer->cache_control = STR("no-store");
	buf_clear(&answer->body);
	buf_add_str(&answer->body, text);
}

static bool
is_definite(int status)
{
	return (status >= 200 && status < 300) || status == 400 || status == 404 || status == 409 ||
	       status == 412 || status == 422;
}

/* --- in the transaction ---------------------------------------------- */

/* Another node may run the same key at this moment: PostgreSQL knows. */
static enum err
lock_key(struct tx *tx, const struct idempotency *idempotency)
{
	struct sql_text sql;
	struct tx_rows rows;
	bool locked = true;
	enum err err;

	if (tx->type->dialect != SQL_POSTGRES)
		return OK; /* one writer, one process: the in-flight table is enough */
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql, "SELECT pg_try_advisory_xact_lock(%v::bigint)",
	    value_int((int64_t)idempotency->in_flight));
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows))
		locked = tx_value(&rows, 0, VALUE_BOOL).boolean;
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err == OK && !locked ? ERR_IN_PROGRESS : err;
}

static enum err
find_stored(struct tx *tx, void *arg, bool *ret_done)
{
	struct request *request = CONTAINER(arg, struct request, write);
	struct idempotency *idempotency = request->idempotency;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err = lock_key(tx, idempotency);

	idempotency->answered = false;
	if (err != OK)
		return err;
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "SELECT request_hash, status, response FROM caisson_idempotency"
	    " WHERE principal = %v AND key = %v",
	    value_text(request->identity->principal), value_text(idempotency->key));
	err = tx_query(tx, &sql, &rows);
	if (err == OK && tx_next(&rows)) {
		*ret_done = true;
		if (str_equal(tx_value(&rows, 0, VALUE_TEXT).text,
			(struct str){ idempotency->request_hex, SHA256_HEX_SIZE })) {
			read_stored(request, (int)tx_value(&rows, 1, VALUE_INT).integer,
			    tx_value(&rows, 2, VALUE_TEXT).text);
			idempotency->answered = true;
		} else {
			err = ERR_KEY_REUSED;
		}
	}
	err = tx_close(&rows, err);
	sql_release(&sql);
	return err;
}

static enum err
store_answer(struct tx *tx, void *arg, enum err body_err)
{
	struct request *request = CONTAINER(arg, struct request, write);
	struct idempotency *idempotency = request->idempotency;
	struct sql_text sql;
	struct buf text;
	enum err err;

	collection_answer_write(request, body_err);
	if (!is_definite(request->answer.status))
		return OK;
	buf_init(&text, (size_t)128 << 20);
	write_stored(&text, &request->answer);
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "INSERT INTO caisson_idempotency (principal, key, request_hash, at, status, response)"
	    " VALUES (%v, %v, %v, %v, %v, %v)",
	    value_text(request->identity->principal), value_text(idempotency->key),
	    value_text((struct str){ idempotency->request_hex, SHA256_HEX_SIZE }), value_time(tx->now_us),
	    value_int(request->answer.status), value_text(buf_str(&text)));
	err = text.err != OK ? text.err : tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	buf_release(&text);
	return err;
}

/* --- around it ------------------------------------------------------- */

/* Bare, or quoted as the draft has it (a structured-field string). */
static bool
read_key(struct str field, struct str *ret)
{
	if (field.size >= 2 && field.data[0] == '"' && field.data[field.size - 1] == '"')
		field = str_slice(field, 1, field.size - 1);
	*ret = field;
	return field.size > 0 && field.size <= KEY_SIZE_MAX;
}

static void
hash_request(struct request *request, struct idempotency *idempotency)
{
	struct buf text;

	buf_init(&text, (size_t)128 << 20);
	add_line(&text, request->head.method_text);
	add_line(&text, request->head.target);
	buf_add_str(&text, buf_str(&request->body));
	sha256_hex(buf_str(&text), idempotency->request_hex);
	buf_release(&text);
}

enum step_result
idempotency_begin(struct request *request)
{
	struct str field = request->head.known[H1_IDEMPOTENCY_KEY];
	struct idempotency *idempotency;

	if (field.data == NULL || request->prefer.rollback)
		return STEP_NEXT;
	idempotency = arena_new(&request->arena, sizeof(*idempotency));
	if (idempotency == NULL)
		return task_fail(&request->task, ERR_TOO_LARGE);
	if (!read_key(field, &idempotency->key))
		return request_refuse(
		    request, ERR_BAD_HEADER, "An Idempotency-Key has 1 to 255 characters.");
	hash_request(request, idempotency);
	idempotency->principal = request->identity->principal;
	idempotency->in_flight = hash_str(idempotency->key) ^ request->identity->hash;
	if (!enter(idempotency))
		return request_refuse(request, ERR_IN_PROGRESS,
		    "A request with this Idempotency-Key is still running; ask again.");
	request->idempotency = idempotency;
	request->call.before = find_stored;
	request->call.after = store_answer;
	return STEP_NEXT;
}

bool
idempotency_end(struct request *request)
{
	struct idempotency *idempotency = request->idempotency;

	request->idempotency = NULL;
	leave(idempotency);
	return idempotency->answered && request->call.err == OK;
}
