#include "app/field_type.h"

const struct field_type_row field_types[FIELD_TYPE_COUNT] = {
#define FIELD(name, word, what) [FIELD_##name] = { word, what },
#include "app/field_type.def"
#undef FIELD
};
