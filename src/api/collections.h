#pragma once
/*
 * What the routes of a collection do: list, read (collections.c), create,
 * change, put, delete (writes.c, with their answers in write_answer.c).
 */
#include "api/routes.h"

extern const struct step list_steps[], read_steps[];
extern const struct step create_steps[], change_steps[], put_steps[], delete_steps[];

/* May this caller create at all, or put?  Where the rule looks at the record, that is seen later. */
enum err collection_decide_create(struct request *request);
enum err collection_decide_put(struct request *request);
/*
 * The field that the path names a record by, with the rest of the text; NULL where the caller knows
 * of none that could, and the problem's detail says what can.
 */
const struct field *collection_key_field(struct request *request, struct str *ret_rest);
/* The key that the path says, in ${ret}; false where no record that the caller may know of can have it. */
bool collection_name_record(struct request *request, struct record_key *ret);

/* The answer of a finished write, whose body ended with ${err}: also where it is made to be stored. */
void collection_answer_write(struct request *request, enum err err);
/* The mistakes of the body's fields, for the problem document. */
void collection_tell_field_errors(struct request *request, const struct field_errors *errors);
