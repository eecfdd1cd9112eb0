#include "store/migrate/fit.h"

#include <string.h>

#include "crypto/hash.h"
#include "store/migrate/plan.h"

enum { STEPS_SHOWN = 3 };

static enum err
explain(const struct migration_plan *plan, bool is_behind, const char *place, struct buf *ret_detail)
{
	if (plan == NULL) {
		buf_addf(ret_detail,
		    "%s was changed by a newer caisson, whose tables this one does not know", place);
		return ERR_CONFLICT;
	}
	if (plan->steps_count == 0)
		return OK;
	if (is_behind)
		buf_addf(ret_detail,
		    "caisson.yaml is older than %s, which has been changed since: take the newer file;"
		    " with this one: ",
		    place);
	else
		buf_addf(ret_detail, "%s was made for another caisson.yaml: ", place);
	migration_plan_summary(plan, STEPS_SHOWN, ret_detail);
	if (!is_behind)
		buf_add_c(ret_detail, "; `caisson plan` says what it takes, `caisson apply` does it");
	return ERR_CONFLICT;
}

static bool
has_text(struct str text, const char *wanted)
{
	return text.size > 0 && memmem(text.data, text.size, wanted, strlen(wanted)) != NULL;
}

enum err
shape_fits(const struct app *app, enum sql_dialect dialect, const struct shape_memory *memory,
    const char *place, struct buf *ret_detail)
{
	char wanted[SHA256_HEX_SIZE + 1] = "";
	struct migration_plan *plan;
	enum err err;

	sha256_hex(app->shape, wanted);
	if (strcmp(memory->checksum, wanted) == 0)
		return OK;
	if (memory->shape.size == 0) {
		buf_addf(ret_detail,
		    "%s was made by an older caisson for another caisson.yaml: serve it once with that"
		    " file, then `caisson apply` can change it",
		    place);
		return ERR_CONFLICT;
	}
	plan = migration_plan(memory->shape, app, dialect);
	err = explain(plan, has_text(memory->history, wanted), place, ret_detail);
	migration_plan_free(plan);
	return err;
}

const char *
shape_history_query(enum sql_dialect dialect)
{
	return dialect == SQL_SQLITE ? "SELECT group_concat(shape, ' ') FROM caisson_migrations"
				     : "SELECT string_agg(shape, ' ') FROM caisson_migrations";
}
