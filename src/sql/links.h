#pragma once
/*
 * The links of a refs field (many to many).
 *
 *	questions.tags: ["018f…","0190…"]	questions_tags: source | target
 *	sorted ids, what is read,			018f.. | 0190..
 *	logged and answered				what joins and foreign keys use
 *
 * A body writes the array and then the links that changed.  Where links come or
 * go by themselves (a target is deleted, and the foreign key takes its links
 * along; somebody writes links by hand), a trigger on them makes the array
 * right, as a change of the record with its own `_version` and `updated`.  It
 * changes nothing where the array is right already, or where the record itself
 * is gone.
 */
#include "app/names.h"
#include "sql/text.h"

enum { LINKS_TABLE, LINKS_INDEX, LINKS_TRIGGERS /* this step and the next ones */ };
enum { LINKS_NAME_SIZE = INDEX_NAME_SIZE + 8 };

/*
 * The statement number ${step}, from 0, of those that make the links of ${field}, and the name of
 * what it makes; both collections' tables must be there.  False, with nothing written, behind
 * the last one.
 */
bool links_create(struct sql_text *sql, const struct collection *collection,
    const struct field *field, unsigned step, char ret_name[LINKS_NAME_SIZE]);
