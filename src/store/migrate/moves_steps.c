/* The steps as people read them, with their risks and the queries for the rows at risk. */
#include <stdarg.h>
#include <stdio.h>

#include "app/keys.h"
#include "sql/column.h"
#include "store/migrate/moves_steps.h"

enum { LINE_SIZE_MAX = 64 * 1024 };

static void describe_table(struct describing *describing);
static void describe_column(struct describing *describing, const struct column_move *move);
static void describe_indexes(struct describing *describing);

void
moves_describe(const struct moves *moves, struct migration_plan *plan)
{
	struct describing describing = { .moves = moves, .plan = plan };

	sql_init(&describing.query, moves->dialect);
	sql_init(&describing.left, moves->dialect);
	buf_init(&describing.line, LINE_SIZE_MAX);
	buf_init(&describing.lock, LINE_SIZE_MAX);
	for (size_t i = 0; i < moves->tables_count; i++) {
		describing.table = &moves->tables[i];
		describe_table(&describing);
	}
	sql_release(&describing.query);
	sql_release(&describing.left);
	buf_release(&describing.line);
	buf_release(&describing.lock);
}

/* --- a step ----------------------------------------------------------- */

/* The step of ${format}, with the queries and the lock that were prepared. */
static void __attribute__((format(printf, 3, 4)))
add_step(struct describing *describing, unsigned risks, const char *format, ...)
{
	struct migration_step step = { .risks = risks,
		.count = -1,
		.takes_records = describing->takes_records };
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	step.what = str_from(what);
	if (describing->moves->dialect == SQL_SQLITE)
		step.risks &= ~(unsigned)MIGRATION_LOCK;
	else if (describing->lock.size > 0)
		step.lock = buf_str(&describing->lock);
	if (describing->query.text.size > 0 && (risks & (MIGRATION_CHECK | MIGRATION_LOSS)) != 0)
		step.query = buf_str(&describing->query.text);
	if (describing->left.text.size > 0)
		step.left = buf_str(&describing->left.text);
	migration_plan_add_step(describing->plan, &step);
	describing->takes_records = false;
	sql_clear(&describing->query);
	sql_clear(&describing->left);
	buf_clear(&describing->lock);
}

/* What the step does to the table of SQLite: nothing, or it is made anew. */
static unsigned
table_risk(const struct describing *describing)
{
	return describing->table->is_rebuilt ? MIGRATION_REWRITE : 0;
}

static unsigned
lock(struct describing *describing, const char *mode, unsigned risk)
{
	buf_clear(&describing->lock);
	buf_addf(&describing->lock, "%s on %.*s", mode, STR_ARGS(describing->table->new->name));
	return risk;
}

/* --- tables ----------------------------------------------------------- */

/* The old table whose name ${name} is or becomes, where its records cannot be kept. */
static const struct collection *
replaced_table(const struct moves *moves, struct str name)
{
	for (size_t i = 0; i < moves->tables_count; i++)
		if (moves->tables[i].new == NULL && str_equal(moves->tables[i].old->name, name))
			return moves->tables[i].old;
	return NULL;
}

static void
describe_gone_table(
    struct describing *describing, const struct collection *old, const struct collection *new)
{
	struct str name = source_table(old);

	query_all(describing, old);
	describing->takes_records = true;
	if (new == NULL)
		add_step(describing, MIGRATION_LOSS, "%.*s is dropped", STR_ARGS(name));
	else
		add_step(describing, MIGRATION_LOSS, "%.*s begins anew: its ids change from %s",
		    STR_ARGS(name), new->id_type == FIELD_INT ? "uuid to int" : "int to uuid");
}

static void
describe_new_table(struct describing *describing, const struct collection *new)
{
	const struct collection *old = replaced_table(describing->moves, new->name);

	if (old != NULL)
		describe_gone_table(describing, old, new);
	else
		add_step(describing, 0, "%.*s is new", STR_ARGS(new->name));
}

static void
describe_table(struct describing *describing)
{
	const struct table_move *table = describing->table;

	if (table->new == NULL) {
		/* Else it was told where the new one stands. */
		if (app_collection(describing->moves->new, table->old->name) == NULL)
			describe_gone_table(describing, table->old, NULL);
		return;
	}
	if (table->old == NULL) {
		describe_new_table(describing, table->new);
		return;
	}
	if (table->old->was.data != NULL)
		add_step(describing, 0, "%.*s is renamed to %.*s", STR_ARGS(table->old->was),
		    STR_ARGS(table->new->name));
	for (size_t i = 0; i < table->columns_count; i++)
		describe_column(describing, &table->columns[i]);
	describe_indexes(describing);
}

/* --- columns ---------------------------------------------------------- */

/* "a text", "an int", "json" */
static const char *
article_of(enum field_type type)
{
	switch (type) {
	case FIELD_JSON:
	case FIELD_REFS:
		return "";
	case FIELD_INT:
	case FIELD_ENUM:
	case FIELD_EMAIL:
		return "an ";
	default:
		return "a ";
	}
}

static void
write_type(struct buf *buf, const struct field *field)
{
	buf_clear(buf);
	buf_add_c(buf, field_types[field->type].word);
	if (field->type == FIELD_DECIMAL)
		buf_addf(buf, " with scale %u", field->scale);
	if (field->type == FIELD_LIST)
		buf_addf(buf, " of %s", field_types[field->of].word);
	if (field->to != NULL)
		buf_addf(buf, " to %.*s", STR_ARGS(field->to->name));
}

#define FIELD_ARGS(describing, field) \
	STR_ARGS((describing)->table->new->name), STR_ARGS(field)

/* Does ${new} come instead of an old column, whose end says all that there is to say? */
static bool
replaces_column(const struct table_move *table, const struct field *new)
{
	for (size_t i = 0; i < table->columns_count; i++) {
		const struct column_move *move = &table->columns[i];

		if (move->new == NULL && column_begins_anew(move->old) &&
		    (str_equal(source_column(move->old), new->name) ||
			str_equal(source_column(move->old), new->was)))
			return true;
	}
	return false;
}

/* Records that would refer to one that is not there. */
static void
query_without_target(struct describing *describing, const struct field *new)
{
	query_all(describing, describing->table->old);
	for (size_t i = 0; i < describing->moves->tables_count; i++) {
		const struct table_move *table = &describing->moves->tables[i];

		if (table->new != new->to || table->old == NULL)
			continue;
		sql_addf(&describing->query, " WHERE NOT EXISTS (SELECT 1 FROM %n AS d WHERE d.\"id\" = ",
		    source_table(table->old));
		column_default(&describing->query, new);
		sql_add(&describing->query, ")");
	}
}

static void
describe_new(struct describing *describing, const struct column_move *move)
{
	const struct field *new = move->new;
	unsigned risks = table_risk(describing);
	struct str name = new->name;

	if (is_filled(new) || new->fold)
		risks |= MIGRATION_REWRITE | lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
	if (new->required && !column_has_default(new) && !is_filled(new)) {
		query_all(describing, describing->table->old);
		add_step(describing, risks | MIGRATION_CHECK,
		    "%.*s.%.*s is new, and required without a default", FIELD_ARGS(describing, name));
	} else if (new->type == FIELD_REF && column_has_default(new)) {
		query_without_target(describing, new);
		add_step(describing, risks | MIGRATION_CHECK,
		    "%.*s.%.*s is new, and records that are there refer to its default", FIELD_ARGS(describing, name));
	} else if (is_filled(new) && (new->has_min || new->has_max)) {
		query_checks(describing, move);
		add_step(describing, risks | MIGRATION_CHECK,
		    "%.*s.%.*s is new, and records that are there get the time they were made, within its bounds",
		    FIELD_ARGS(describing, name));
	} else if (risks != table_risk(describing) || !replaces_column(describing->table, new)) {
		add_step(describing, risks, "%.*s.%.*s is new", FIELD_ARGS(describing, name));
	}
}

static const struct field *
begins_anew(const struct table_move *table, struct str gone)
{
	for (size_t i = COLUMN_FIELDS; i < table->new->columns_count; i++) {
		const struct field *new = &table->new->columns[i];

		if (str_equal(new->name, gone) || (new->was.data != NULL && str_equal(new->was, gone)))
			return new;
	}
	return NULL;
}

/* Why the values of ${old} cannot be kept. */
static void
write_why_anew(struct buf *buf, const struct field *old, const struct field *new)
{
	buf_clear(buf);
	if (old->to == NULL || new->to == NULL)
		buf_addf(buf, "%s%s cannot become %s%s", article_of(old->type),
		    field_types[old->type].word, article_of(new->type), field_types[new->type].word);
	else if (str_equal(old->to->name, new->to->name))
		buf_addf(buf, "the ids of %.*s change their type", STR_ARGS(new->to->name));
	else
		buf_addf(buf, "it refers to %.*s now, not to %.*s", STR_ARGS(new->to->name),
		    STR_ARGS(source_table(old->to)));
}

static void
describe_dropped(struct describing *describing, const struct column_move *move)
{
	struct str name = source_column(move->old);
	unsigned risks = MIGRATION_LOSS | table_risk(describing);
	const struct field *new =
	    column_begins_anew(move->old) ? begins_anew(describing->table, name) : NULL;

	sql_addf(&describing->query, "SELECT \"id\" FROM %n WHERE ",
	    source_table(describing->table->old));
	move_write_present(&describing->query, move->old, name);
	if (new == NULL) {
		add_step(describing, risks, "%.*s.%.*s is dropped", FIELD_ARGS(describing, name));
		return;
	}
	write_why_anew(&describing->line, move->old, new);
	add_step(describing, risks, "%.*s.%.*s begins anew: %.*s", FIELD_ARGS(describing, name),
	    STR_ARGS(buf_str(&describing->line)));
}

/* What no value of the new type is, beside what the conversion finds. */
static bool
has_own_checks(const struct field *new)
{
	return new->type == FIELD_ENUM || new->type == FIELD_EMAIL || new->type == FIELD_URL;
}

static unsigned
query_type(struct describing *describing, const struct column_move *move)
{
	if (has_own_checks(move->new)) {
		if (conversion_is_exact(move->conversion))
			query_checks(describing, move);
		else
			query_misfits_and_checks(describing, move);
		return MIGRATION_CHECK;
	}
	if (!conversion_is_exact(move->conversion)) {
		query_misfits(describing, move);
		return MIGRATION_CHECK;
	}
	if (query_loss(describing, move))
		return MIGRATION_LOSS;
	sql_clear(&describing->query);
	return 0;
}

static void
describe_type(struct describing *describing, const struct column_move *move)
{
	const struct field *new = move->new;
	unsigned risks;
	char before[256];

	if (conversion_is_same(move->conversion))
		return;
	risks = MIGRATION_REWRITE | lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
	write_type(&describing->line, move->old);
	snprintf(before, sizeof(before), "%.*s", STR_ARGS(buf_str(&describing->line)));
	write_type(&describing->line, new);
	risks |= query_type(describing, move);
	add_step(describing, risks, "%.*s.%.*s becomes %s%.*s (was: %s)",
	    FIELD_ARGS(describing, new->name), article_of(new->type),
	    STR_ARGS(buf_str(&describing->line)), before);
}

static void
describe_required(struct describing *describing, const struct column_move *move)
{
	/* The column of refs is never null: it is empty. */
	bool was = column_is_required(move->old) && move->old->type != FIELD_REFS;
	bool is = column_is_required(move->new);
	unsigned risks = table_risk(describing);

	if (was == is || move->new->type == FIELD_REFS)
		return;
	if (is) {
		risks |= lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
		query_nulls(describing, move);
		add_step(describing, risks | MIGRATION_CHECK, "%.*s.%.*s is required",
		    FIELD_ARGS(describing, move->new->name));
	} else {
		add_step(describing, risks, "%.*s.%.*s is not required any more",
		    FIELD_ARGS(describing, move->new->name));
	}
}

static bool
have_same_checks(const struct field *old, const struct field *new, enum sql_dialect dialect)
{
	struct sql_text a, b;
	bool same;

	sql_init(&a, dialect);
	sql_init(&b, dialect);
	column_checks(&a, old, " ");
	column_checks(&b, new, " ");
	same = str_equal(buf_str(&a.text), buf_str(&b.text));
	sql_release(&a);
	sql_release(&b);
	return same;
}

static const char *
what_of_values(const struct field *old, const struct field *new, bool is_strict)
{
	if (!is_strict)
		return "more values";
	for (size_t i = 0; i < new->values_count; i++)
		if (!field_has_value(old, new->values[i]))
			return "other values";
	return "fewer values";
}

static void
describe_checks(struct describing *describing, const struct column_move *move)
{
	const struct field *old = move->old, *new = move->new;
	bool is_retyped = !conversion_is_same(move->conversion);
	bool is_strict = is_stricter(old, new);
	unsigned risks = table_risk(describing);
	const char *what = is_strict ? "stricter bounds" : "wider bounds";

	if (have_same_checks(old, new, describing->moves->dialect))
		return;
	/* The step of the type has told of its own. */
	if (is_retyped && (!is_strict || has_own_checks(new)))
		return;
	risks |= lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
	if (is_strict) {
		query_checks(describing, move);
		risks |= MIGRATION_CHECK;
	}
	if (new->type == FIELD_ENUM)
		what = what_of_values(old, new, is_strict);
	add_step(describing, risks, "%.*s.%.*s has %s", FIELD_ARGS(describing, new->name), what);
}

static bool
have_same_default(const struct field *old, const struct field *new)
{
	struct sql_text a, b;
	bool same = column_has_default(old) == column_has_default(new);

	if (!same || !column_has_default(old))
		return same;
	sql_init(&a, SQL_POSTGRES);
	sql_init(&b, SQL_POSTGRES);
	column_default(&a, old);
	column_default(&b, new);
	same = str_equal(buf_str(&a.text), buf_str(&b.text));
	sql_release(&a);
	sql_release(&b);
	return same;
}

static void
describe_rest(struct describing *describing, const struct column_move *move)
{
	const struct field *old = move->old, *new = move->new;

	if (conversion_is_same(move->conversion) && !have_same_default(old, new))
		add_step(describing, table_risk(describing),
		    !column_has_default(new)  ? "%.*s.%.*s has no default any more"
		    : column_has_default(old) ? "%.*s.%.*s has another default, for new records"
					      : "%.*s.%.*s has a default, for new records",
		    FIELD_ARGS(describing, new->name));
	if (old->type == FIELD_REF && new->type == FIELD_REF && old->on_delete != new->on_delete)
		add_step(describing,
		    table_risk(describing) |
			lock(describing, "SHARE ROW EXCLUSIVE", MIGRATION_LOCK),
		    "on_delete of %.*s.%.*s becomes %s (was: %s)", FIELD_ARGS(describing, new->name),
		    on_delete_words[new->on_delete], on_delete_words[old->on_delete]);
	if (old->fold != new->fold)
		add_step(describing,
		    table_risk(describing) | MIGRATION_REWRITE |
			lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK),
		    new->fold ? "%.*s.%.*s is compared without regard to case"
			      : "%.*s.%.*s is compared as it is written",
		    FIELD_ARGS(describing, new->name));
}

static void
describe_column(struct describing *describing, const struct column_move *move)
{
	if (move->old == NULL) {
		describe_new(describing, move);
		return;
	}
	if (move->new == NULL) {
		describe_dropped(describing, move);
		return;
	}
	if (move->old->was.data != NULL)
		add_step(describing, table_risk(describing), "%.*s.%.*s is renamed to %.*s",
		    FIELD_ARGS(describing, move->old->was), STR_ARGS(move->new->name));
	if (!move->is_redefined)
		return;
	describe_type(describing, move);
	describe_required(describing, move);
	describe_checks(describing, move);
	describe_rest(describing, move);
}

/* --- indexes ---------------------------------------------------------- */

/* An index on a column that begins anew is made anew with it, and is no news. */
static struct str
name_of(const struct field *field)
{
	return column_begins_anew(field) ? source_column(field) : field->name;
}

static void
write_index(struct buf *buf, const struct app_index *index)
{
	buf_clear(buf);
	for (size_t i = 0; i < index->fields_count; i++)
		buf_addf(buf, "%s%s%.*s", i == 0 ? "[" : ", ", index->descending[i] ? "-" : "",
		    STR_ARGS(name_of(index->fields[i])));
	buf_add_byte(buf, ']');
}

static bool
are_one_index(const struct app_index *a, const struct app_index *b)
{
	if (a->fields_count != b->fields_count || a->unique != b->unique)
		return false;
	for (size_t i = 0; i < a->fields_count; i++)
		if (!str_equal(name_of(a->fields[i]), name_of(b->fields[i])) ||
		    a->descending[i] != b->descending[i])
			return false;
	return true;
}

static bool
has_index(const struct collection *collection, const struct app_index *index)
{
	for (size_t i = 0; i < collection->indexes_count; i++)
		if (are_one_index(&collection->indexes[i], index))
			return true;
	return false;
}

/* Are the values the same that were unique before? */
static bool
keeps_values(const struct table_move *table, const struct field *const *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct column_move *move = move_of(table, fields[i]);

		if (move != NULL && (move->old == NULL || !conversion_is_same(move->conversion) ||
				     move->old->fold != move->new->fold))
			return false;
	}
	return true;
}

static void
describe_field_indexes(struct describing *describing, const struct field *new)
{
	const struct column_move *move = move_of(describing->table, new);
	const struct field *old = move->old;
	bool was_unique = old != NULL && old->unique;
	bool had_index = old != NULL && old->index && old->type != FIELD_REF;

	if (new->unique && (!was_unique || !keeps_values(describing->table, &new, 1))) {
		unsigned risks = lock(describing, "SHARE", MIGRATION_LOCK);

		query_twins(describing, &new, 1);
		add_step(describing, risks | MIGRATION_CHECK, "%.*s.%.*s is unique",
		    FIELD_ARGS(describing, new->name));
	}
	if (was_unique && !new->unique)
		add_step(describing, 0, "%.*s.%.*s is not unique any more",
		    FIELD_ARGS(describing, new->name));
	if (old != NULL && old->type == new->type && new->index && !had_index && new->type != FIELD_REF)
		add_step(describing, lock(describing, "SHARE", MIGRATION_LOCK),
		    "%.*s.%.*s has an index", FIELD_ARGS(describing, new->name));
	if (had_index && !new->index && new->type != FIELD_REF)
		add_step(describing, 0, "%.*s.%.*s has no index any more",
		    FIELD_ARGS(describing, new->name));
}

static void
describe_new_index(struct describing *describing, const struct app_index *index)
{
	struct str name = describing->table->new->name;
	unsigned risks = lock(describing, "SHARE", MIGRATION_LOCK);

	write_index(&describing->line, index);
	if (index->unique) {
		query_twins(describing, index->fields, index->fields_count);
		risks |= MIGRATION_CHECK;
	}
	add_step(describing, risks, index->unique ? "%.*s is unique by %.*s" : "%.*s has an index on %.*s",
	    STR_ARGS(name), STR_ARGS(buf_str(&describing->line)));
}

static void
describe_indexes(struct describing *describing)
{
	const struct collection *old = describing->table->old, *new = describing->table->new;

	for (size_t i = COLUMN_FIELDS; i < new->columns_count; i++)
		describe_field_indexes(describing, &new->columns[i]);
	for (size_t i = 0; i < new->indexes_count; i++) {
		const struct app_index *index = &new->indexes[i];

		if (!has_index(old, index) ||
		    (index->unique &&
			!keeps_values(describing->table, index->fields, index->fields_count)))
			describe_new_index(describing, index);
	}
	for (size_t i = 0; i < old->indexes_count; i++) {
		if (has_index(new, &old->indexes[i]))
			continue;
		write_index(&describing->line, &old->indexes[i]);
		add_step(describing, 0,
		    old->indexes[i].unique ? "%.*s is not unique by %.*s any more"
					   : "%.*s has no index on %.*s any more",
		    STR_ARGS(new->name), STR_ARGS(buf_str(&describing->line)));
	}
}
