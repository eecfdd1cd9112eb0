/* The steps as people read them, with their risks and the queries for the rows at risk. */
#include <stdarg.h>
#include <stdio.h>

#include "sql/column.h"
#include "store/migrate/moves.h"

enum { LINE_SIZE_MAX = 64 * 1024 };

struct describing {
	const struct moves *moves;
	struct migration_plan *plan;
	const struct table_move *table;
	struct sql_text query; /* of the step that comes next */
	struct buf line, lock;
};

static void describe_table(struct describing *describing);
static void describe_column(struct describing *describing, const struct column_move *move);
static void describe_indexes(struct describing *describing);

void
moves_describe(const struct moves *moves, struct migration_plan *plan)
{
	struct describing describing = { .moves = moves, .plan = plan };

	sql_init(&describing.query, moves->dialect);
	buf_init(&describing.line, LINE_SIZE_MAX);
	buf_init(&describing.lock, LINE_SIZE_MAX);
	for (size_t i = 0; i < moves->tables_count; i++) {
		describing.table = &moves->tables[i];
		describe_table(&describing);
	}
	sql_release(&describing.query);
	buf_release(&describing.line);
	buf_release(&describing.lock);
}

/* --- a step ----------------------------------------------------------- */

static bool
is_sqlite(const struct describing *describing)
{
	return describing->moves->dialect == SQL_SQLITE;
}

/* The step of ${format}, with the query and the lock that were prepared. */
static void __attribute__((format(printf, 3, 4)))
add_step(struct describing *describing, unsigned risks, const char *format, ...)
{
	struct migration_step step = { .risks = risks, .count = -1 };
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	step.what = str_from(what);
	if (is_sqlite(describing))
		step.risks &= ~(unsigned)MIGRATION_LOCK;
	else if (describing->lock.size > 0)
		step.lock = buf_str(&describing->lock);
	if (describing->query.text.size > 0 && (risks & (MIGRATION_CHECK | MIGRATION_LOSS)) != 0)
		step.query = buf_str(&describing->query.text);
	migration_plan_add_step(describing->plan, &step);
	sql_clear(&describing->query);
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

/* --- queries ---------------------------------------------------------- */

static const struct str new_alias = { "_new", 4 };

/* " FROM (the rows with their value before and after) t WHERE " */
static void
begin_query(struct describing *describing, const struct column_move *move)
{
	struct sql_text *query = &describing->query;

	sql_add(query, "SELECT \"id\" FROM (SELECT \"id\", ");
	move_write_value(query, move);
	sql_add(query, " AS \"_new\"");
	if (move->old != NULL)
		sql_addf(query, ", %n AS \"_old\"", source_column(move->old));
	sql_addf(query, " FROM %n) t WHERE ", source_table(describing->table->old));
}

static void
query_nulls(struct describing *describing, const struct column_move *move)
{
	begin_query(describing, move);
	sql_add(&describing->query, "\"_new\" IS NULL");
	if (move->old != NULL) {
		sql_add(&describing->query, " AND NOT (");
		move_write_present(&describing->query, move->old, STR("_old"));
		sql_add(&describing->query, ")");
	}
}

static void
query_misfits(struct describing *describing, const struct column_move *move)
{
	begin_query(describing, move);
	move_write_present(&describing->query, move->old, STR("_old"));
	sql_add(&describing->query, " AND \"_new\" IS NULL");
}

static void
query_checks(struct describing *describing, const struct column_move *move)
{
	struct field field = *move->new;

	field.name = new_alias;
	begin_query(describing, move);
	sql_add(&describing->query, "NOT (1 = 1");
	column_checks(&describing->query, &field, " AND ");
	sql_add(&describing->query, ")");
}

static void
query_loss(struct describing *describing, const struct column_move *move)
{
	begin_query(describing, move);
	(void)conversion_write_loss(move->conversion, &describing->query);
}

/* The value of a column in the rows that are there; NULL where it has none. */
static const struct column_move *
move_of(const struct table_move *table, const struct field *new)
{
	for (size_t i = 0; i < table->columns_count; i++)
		if (table->columns[i].new == new)
			return &table->columns[i];
	return NULL;
}

static void
write_key_value(struct describing *describing, const struct field *field)
{
	const struct column_move *move = move_of(describing->table, field);
	struct sql_text *query = &describing->query;
	bool is_folded = field->fold;

	if (is_folded)
		sql_add(query, is_sqlite(describing) ? "caisson_fold(" : "pg_temp.caisson_folded(");
	if (move == NULL)
		sql_name(query, field->name); /* id, created, updated */
	else
		move_write_value(query, move);
	sql_add(query, is_folded ? ")" : "");
}

/* Rows that share the values of ${fields} with another one. */
static void
query_twins(struct describing *describing, const struct field *const *fields, size_t count)
{
	struct sql_text *query = &describing->query;

	sql_add(query, "SELECT \"id\" FROM (SELECT *, count(*) OVER (PARTITION BY ");
	for (size_t i = 0; i < count; i++)
		sql_addf(query, i == 0 ? "_%d" : ", _%d", (unsigned)i);
	sql_add(query, ") AS _twins FROM (SELECT \"id\"");
	for (size_t i = 0; i < count; i++) {
		sql_add(query, ", ");
		write_key_value(describing, fields[i]);
		sql_addf(query, " AS _%d", (unsigned)i);
	}
	sql_addf(query, " FROM %n) t) t WHERE _twins > 1", source_table(describing->table->old));
	for (size_t i = 0; i < count; i++)
		sql_addf(query, " AND _%d IS NOT NULL", (unsigned)i);
}

static void
query_all(struct describing *describing)
{
	sql_addf(&describing->query, "SELECT \"id\" FROM %n", source_table(describing->table->old));
}

/* --- tables ----------------------------------------------------------- */

static void
describe_table(struct describing *describing)
{
	const struct table_move *table = describing->table;
	struct str name;

	if (table->new == NULL) {
		name = source_table(table->old);
		query_all(describing);
		if (app_collection(describing->moves->new, table->old->name) != NULL)
			add_step(describing, MIGRATION_LOSS,
			    "%.*s begins anew: ids of another type", STR_ARGS(name));
		else
			add_step(describing, MIGRATION_LOSS, "%.*s is dropped", STR_ARGS(name));
		return;
	}
	name = table->new->name;
	if (table->old == NULL) {
		add_step(describing, 0, "%.*s is new", STR_ARGS(name));
		return;
	}
	if (table->old->was.data != NULL)
		add_step(describing, 0, "%.*s becomes %.*s", STR_ARGS(table->old->was),
		    STR_ARGS(name));
	for (size_t i = 0; i < table->columns_count; i++)
		describe_column(describing, &table->columns[i]);
	describe_indexes(describing);
}

/* --- columns ---------------------------------------------------------- */

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

static void
describe_new(struct describing *describing, const struct column_move *move)
{
	const struct field *new = move->new;
	unsigned risks = table_risk(describing);
	struct str name = new->name;

	if (is_filled(new) || new->fold)
		risks |= MIGRATION_REWRITE | lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
	if (new->required && !column_has_default(new) && !is_filled(new)) {
		query_all(describing);
		add_step(describing, risks | MIGRATION_CHECK,
		    "%.*s.%.*s is new, and required without a default", FIELD_ARGS(describing, name));
	} else if (is_filled(new) && (new->has_min || new->has_max)) {
		query_checks(describing, move);
		add_step(describing, risks | MIGRATION_CHECK,
		    "%.*s.%.*s is new, and records that are there get the time they were made, within its bounds",
		    FIELD_ARGS(describing, name));
	} else {
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

static void
describe_dropped(struct describing *describing, const struct column_move *move)
{
	struct str name = source_column(move->old);
	unsigned risks = MIGRATION_LOSS | table_risk(describing);
	const struct field *new = begins_anew(describing->table, name);

	sql_addf(&describing->query, "SELECT \"id\" FROM %n WHERE ",
	    source_table(describing->table->old));
	move_write_present(&describing->query, move->old, name);
	if (new != NULL)
		add_step(describing, risks,
		    "%.*s.%.*s begins anew: a value of %s cannot become one of %s",
		    FIELD_ARGS(describing, name), field_types[move->old->type].word,
		    field_types[new->type].word);
	else
		add_step(describing, risks, "%.*s.%.*s is dropped", FIELD_ARGS(describing, name));
}

static void
describe_type(struct describing *describing, const struct column_move *move)
{
	const struct field *new = move->new;
	unsigned risks = MIGRATION_REWRITE | lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
	char before[256];

	if (conversion_is_same(move->conversion))
		return;
	write_type(&describing->line, move->old);
	snprintf(before, sizeof(before), "%.*s", STR_ARGS(buf_str(&describing->line)));
	write_type(&describing->line, new);
	if (!conversion_is_exact(move->conversion)) {
		query_misfits(describing, move);
		risks |= MIGRATION_CHECK;
	} else {
		query_loss(describing, move);
		if (conversion_write_loss(move->conversion, &describing->query))
			risks |= MIGRATION_LOSS;
		sql_clear(&describing->query);
		if ((risks & MIGRATION_LOSS) != 0)
			query_loss(describing, move);
	}
	add_step(describing, risks, "%.*s.%.*s becomes a %.*s (was: %s)",
	    FIELD_ARGS(describing, new->name), STR_ARGS(buf_str(&describing->line)), before);
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
		add_step(describing, risks, "%.*s.%.*s need not be there any more",
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

static void
describe_checks(struct describing *describing, const struct column_move *move)
{
	bool is_strict = is_stricter(move->old, move->new);
	unsigned risks = table_risk(describing);
	const char *what = move->new->type == FIELD_ENUM ? "values" : "bounds";

	if (have_same_checks(move->old, move->new, describing->moves->dialect))
		return;
	risks |= lock(describing, "ACCESS EXCLUSIVE", MIGRATION_LOCK);
	/* The new type's own, which its values satisfy. */
	if (!conversion_is_same(move->conversion) && !is_strict)
		return;
	if (is_strict) {
		query_checks(describing, move);
		risks |= MIGRATION_CHECK;
	}
	add_step(describing, risks, "%.*s.%.*s has %s %s", FIELD_ARGS(describing, move->new->name),
	    is_strict ? "stricter" : "wider", what);
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
		    column_has_default(new) ? "%.*s.%.*s has another default"
					    : "%.*s.%.*s has no default any more",
		    FIELD_ARGS(describing, new->name));
	if (old->type == FIELD_REF && new->type == FIELD_REF && old->on_delete != new->on_delete)
		add_step(describing,
		    table_risk(describing) |
			lock(describing, "SHARE ROW EXCLUSIVE", MIGRATION_LOCK),
		    "%.*s.%.*s: another on_delete", FIELD_ARGS(describing, new->name));
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
		add_step(describing, table_risk(describing), "%.*s.%.*s becomes %.*s",
		    FIELD_ARGS(describing, move->old->was), STR_ARGS(move->new->name));
	if (!move->is_redefined)
		return;
	describe_type(describing, move);
	describe_required(describing, move);
	describe_checks(describing, move);
	describe_rest(describing, move);
}

/* --- indexes ---------------------------------------------------------- */

static void
write_index(struct buf *buf, const struct app_index *index)
{
	buf_clear(buf);
	for (size_t i = 0; i < index->fields_count; i++)
		buf_addf(buf, "%s%s%.*s", i == 0 ? "[" : ", ", index->descending[i] ? "-" : "",
		    STR_ARGS(index->fields[i]->name));
	buf_add_byte(buf, ']');
}

static bool
are_one_index(const struct app_index *a, const struct app_index *b)
{
	if (a->fields_count != b->fields_count || a->unique != b->unique)
		return false;
	for (size_t i = 0; i < a->fields_count; i++)
		if (!str_equal(a->fields[i]->name, b->fields[i]->name) ||
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
		add_step(describing, 0, "%.*s.%.*s is unique no more",
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
	add_step(describing, risks, index->unique ? "%.*s %.*s is unique" : "%.*s %.*s is an index",
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
		    old->indexes[i].unique ? "%.*s %.*s is unique no more"
					   : "%.*s %.*s is no index any more",
		    STR_ARGS(new->name), STR_ARGS(buf_str(&describing->line)));
	}
}
