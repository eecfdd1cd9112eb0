#include "store/migrate/fit.h"

#include <string.h>

#include "crypto/hash.h"
#include "store/migrate/plan.h"

enum { STEPS_SHOWN = 3 };

static enum err
explain(const struct migration_plan *plan, const char *place, struct buf *ret_detail)
{
	if (plan == NULL) {
		buf_addf(ret_detail,
		    "%s was changed by a newer caisson, whose tables this one does not know", place);
		return ERR_CONFLICT;
	}
	if (plan->steps_count == 0)
		return OK;
	buf_addf(ret_detail, "%s was made for another caisson.yaml: ", place);
	migration_plan_summary(plan, STEPS_SHOWN, ret_detail);
	buf_add_c(ret_detail, "; `caisson plan` says what it takes, `caisson apply` does it");
	return ERR_CONFLICT;
}

enum err
shape_fits(const struct app *app, enum sql_dialect dialect, const char *checksum, struct str shape,
    const char *place, struct buf *ret_detail)
{
	char wanted[SHA256_HEX_SIZE + 1] = "";
	struct migration_plan *plan;
	enum err err;

	sha256_hex(app->shape, wanted);
	if (strcmp(checksum, wanted) == 0)
		return OK;
	if (shape.size == 0) {
		buf_addf(ret_detail,
		    "%s was made by an older caisson for another caisson.yaml: serve it once with that"
		    " file, then `caisson apply` can change it",
		    place);
		return ERR_CONFLICT;
	}
	plan = migration_plan(shape, app, dialect);
	err = explain(plan, place, ret_detail);
	migration_plan_free(plan);
	return err;
}
