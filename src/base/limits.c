#include "base/limits.h"

struct limit_row limits[LIMIT_COUNT] = {
#define LIMIT(name, value, unit, what) { #name, value, value, unit, what },
#include "base/limits.def"
#undef LIMIT
};

bool
limits_set(struct str assignment)
{
	struct str rest = assignment, name;
	int64_t value;

	if (!str_split(&rest, '=', &name) || rest.data == NULL || !str_to_int(rest, &value) || value < 1)
		return false;
	for (size_t i = 0; i < COUNT(limits); i++) {
		if (str_is(name, limits[i].name)) {
			limits[i].value = value;
			return true;
		}
	}
	return false;
}
