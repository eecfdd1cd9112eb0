#pragma once
/*
 * The shape: what the database of an app must match, so that a changed app
 * file over old data is noticed, and can be compared with the shape that the
 * data has.  No rules, no patterns, no texts for people.
 *
 * One line for each thing, each ending in a newline.  Collections stand sorted
 * by name, each followed by its fields in the file's order (that of the
 * table's columns), then its indexes and its unique ones, both sorted: moving
 * things about in the file changes nothing.  Words are separated by one space.
 *
 *	collection questions id
 *	field questions.level enum "beginner" "advanced" required default "beginner"
 *	field questions.price decimal scale 2 min 0.00 default 9.90 index
 *	field questions.tags refs to tags
 *	index questions level -created
 *	unique questions topic number
 *
 *	shape	   = *(collection *field *index *unique)
 *	collection = "collection" name ("id" / "int")			; the type of its ids
 *	field	   = "field" name "." name type ["required"] ["min" literal] ["max" literal]
 *		     ["default" literal] ["fold"] ["unique"] ["index"]
 *	type	   = "text" / "int" / "bool" / "time" / "float" / "date" / "json" / "email" / "url"
 *		   / "enum" 1*text					; sorted: their order is not the database's
 *		   / "decimal" "scale" digits
 *		   / "list" "of" ("text" / "int" / "float" / "bool")
 *		   / "ref" "to" name ("restrict" / "cascade" / "set_null")
 *		   / "refs" "to" name					; a link table: link_name() in app/names.h
 *	index	   = "index" name 1*(["-"] name)
 *	unique	   = "unique" name 1*name
 *	literal	   = text / "true" / "false" / integer / real / decimal / date / uuid
 *	text	   = %x22 *(any character but control characters, %x22 and "\" / "\" 2 hex digits) %x22
 *
 * A literal is written by the field's type: a text of text, email, url, enum,
 * and of json and list (the canonical JSON); decimals with exactly `scale`
 * digits behind the point; dates as 2026-11-24; times as microseconds; ids of
 * a ref as they are.  Bounds of text, email, url are lengths, and those of a
 * list numbers of items, integers both; those of refs are not the database's.
 *
 * Every ref that is not unique has an index, and says so.
 */
#include "app/app.h"

/* Write ${app}'s shape into it; it has no mistakes. */
void shape_write(struct app *app);
/*
 * The app that has the shape ${shape}: collections, fields and indexes are those of the database,
 * the rest is empty.  NULL where the text is no shape that this version knows.
 */
struct app *shape_read(struct str shape);
