#include "store/migrate/plan.h"

#include <stdlib.h>

#include "app/shape.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "store/migrate/moves.h"

enum { PLAN_ARENA_SIZE_MAX = 256 << 20, SQL_SIZE_MAX = 64 << 20 };

static struct str
keep(struct migration_plan *plan, struct str text)
{
	return text.data == NULL ? text : arena_str(&plan->arena, text);
}

static struct str
keep_checksum(struct migration_plan *plan, struct str text)
{
	char hex[SHA256_HEX_SIZE + 1] = "";

	sha256_hex(text, hex);
	return keep(plan, (struct str){ hex, SHA256_HEX_SIZE });
}

struct migration_plan *
migration_plan_new(enum sql_dialect dialect)
{
	struct migration_plan *plan = memory_new(sizeof(*plan));

	plan->dialect = dialect;
	arena_init(&plan->arena, PLAN_ARENA_SIZE_MAX);
	return plan;
}

void
migration_plan_free(struct migration_plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->steps);
	free(plan->statements);
	free(plan->hints);
	arena_release(&plan->arena);
	free(plan);
}

struct migration_plan *
migration_plan(struct str shape, const struct app *app, enum sql_dialect dialect)
{
	struct migration_plan *plan;
	struct app *old = shape_read(shape);
	struct moves moves;

	if (old == NULL)
		return NULL;
	plan = migration_plan_new(dialect);
	plan->from = keep_checksum(plan, shape);
	plan->to = keep_checksum(plan, app->shape);
	plan->shape = keep(plan, app->shape);
	moves_find(&moves, old, app, dialect, &plan->arena);
	moves_describe(&moves, plan);
	moves_hint(&moves, plan);
	if (dialect == SQL_SQLITE)
		moves_to_sqlite(&moves, plan);
	else
		moves_to_postgres(&moves, plan);
	moves_release(&moves);
	app_free(old);
	return plan;
}

/* Arrays grow at powers of two. */
static void *
grow(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return memory_resize(items, (count == 0 ? 1 : 2 * count) * size);
}

void
migration_plan_add_step(struct migration_plan *plan, const struct migration_step *step)
{
	struct migration_step kept = *step;

	kept.what = keep(plan, step->what);
	kept.lock = keep(plan, step->lock);
	kept.query = keep(plan, step->query);
	kept.left = keep(plan, step->left);
	plan->steps = grow(plan->steps, plan->steps_count, sizeof(*plan->steps));
	plan->steps[plan->steps_count++] = kept;
}

void
migration_plan_add_statement(struct migration_plan *plan, struct str statement)
{
	plan->statements = grow(plan->statements, plan->statements_count, sizeof(*plan->statements));
	plan->statements[plan->statements_count++] = keep(plan, statement);
}

void
migration_plan_add_hint(struct migration_plan *plan, struct str hint)
{
	plan->hints = grow(plan->hints, plan->hints_count, sizeof(*plan->hints));
	plan->hints[plan->hints_count++] = keep(plan, hint);
}

unsigned
migration_plan_risks(const struct migration_plan *plan)
{
	unsigned risks = 0;

	for (size_t i = 0; i < plan->steps_count; i++)
		risks |= plan->steps[i].risks;
	return risks;
}

void
migration_plan_sql(const struct migration_plan *plan, struct buf *ret)
{
	for (size_t i = 0; i < plan->statements_count; i++)
		buf_addf(ret, "%.*s;\n\n", STR_ARGS(plan->statements[i]));
}

void
migration_plan_checksum(const struct migration_plan *plan, char ret_hex[65])
{
	struct buf sql;

	buf_init(&sql, SQL_SIZE_MAX);
	migration_plan_sql(plan, &sql);
	sha256_hex(buf_str(&sql), ret_hex);
	ret_hex[SHA256_HEX_SIZE] = '\0';
	buf_release(&sql);
}

void
migration_risks_write(unsigned risks, struct buf *ret)
{
	static const char *const words[] = { "rewrite", "lock", "check", "loss" };
	const char *comma = "";

	for (size_t i = 0; i < COUNT(words); i++) {
		if ((risks & 1U << i) == 0)
			continue;
		buf_addf(ret, "%s%s", comma, words[i]);
		comma = ", ";
	}
	if (risks == 0)
		buf_add_c(ret, "safe");
}

void
migration_step_write_rows(const struct migration_step *step, struct buf *ret)
{
	static const char *const words[][3] = {
		{ "no record is in the way", "does not fit", "do not fit" },
		{ "no record is lost", "is lost", "are lost" },
		{ "no record loses a value", "loses a value", "lose a value" },
	};
	const char *const *word = words[(step->risks & MIGRATION_CHECK) != 0 ? 0
					: step->takes_records                ? 1
									     : 2];

	if (step->count == 0)
		buf_add_c(ret, word[0]);
	else if (step->count > 0)
		buf_addf(ret, "%lld %s %s (%.*s%s)", (long long)step->count,
		    step->count == 1 ? "record" : "records", word[step->count == 1 ? 1 : 2],
		    STR_ARGS(step->ids), step->count > MIGRATION_IDS_SHOWN ? ", …" : "");
}

void
migration_plan_summary(const struct migration_plan *plan, size_t count_max, struct buf *ret)
{
	for (size_t i = 0; i < plan->steps_count && i < count_max; i++)
		buf_addf(ret, "%s%.*s", i == 0 ? "" : "; ", STR_ARGS(plan->steps[i].what));
	if (plan->steps_count > count_max)
		buf_addf(ret, "; and %zu more", plan->steps_count - count_max);
}
