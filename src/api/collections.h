#pragma once
/* What the routes of a collection do: list, create, read, change, delete. */
#include "api/routes.h"

extern const struct step list_steps[], create_steps[], read_steps[], change_steps[], delete_steps[];

/* May this caller create at all?  Where the rule looks at the record, that is seen later. */
enum err collection_decide_create(struct request *request);
/* The write's result as an answer, outside or inside its transaction (a stored answer). */
void collection_answer_write(struct request *request, enum err err);
