#include "base/err.h"

#include <assert.h>

static const struct err_row rows[ERR_COUNT] = {
#define ERR(name, code, status, retry, title) [ERR_##name] = { code, status, retry, title },
#include "base/err.def"
#undef ERR
};

const struct err_row *
err_row(enum err err)
{
	assert(err > OK && err < ERR_COUNT);
	return &rows[err];
}
