/* Bad app files, and all that is said of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/buf.h"

#define HEAD "app: a\ncollections:\n  c:\n    fields:\n"
/* Line 5 of a file. */
#define FIELD_LINE(attributes) HEAD "      f: " attributes "\n"
#define LABEL "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz." /* 63 bytes */
#define LONG_NAME LABEL LABEL LABEL LABEL "b"
#define SAYS(at, detail) "caisson.yaml:" at ": error: " detail "\n"

static const struct bad_file {
	const char *text, *lines;
} bad_files[] = {
	/* The top. */
	{ "", SAYS("1:1", "the file is empty; it begins with 'app: NAME'") },
	{ "hello\n",
	    SAYS("1:1", "expected a mapping that begins with 'app: NAME', found 'hello'") },
	{ "{}\n", SAYS("1:1", "the key 'app' is missing")
		      SAYS("1:1", "the key 'collections' is missing") },
	{ "app: a\ncolections: {}\n",
	    SAYS("1:1", "the key 'collections' is missing")
		SAYS("2:1", "unknown key 'colections'; did you mean 'collections'?") },
	{ "app: a\nwebhooks: {}\nzzz: 1\ncollections: {}\n",
	    SAYS("2:1", "'webhooks' is not supported yet") SAYS(
		"3:1", "unknown key 'zzz'; expected one of: app, api, database, collections") },
	{ "app: My App\ncollections: []\n",
	    SAYS("1:6", "'My App' is not a name: a small letter, then at most 62 small letters, "
			"digits and _")
		SAYS("2:14", "expected a mapping of collections by name, found a list") },
	{ "app:\ndatabase: mysql://x\ncollections: {}\n",
	    SAYS("1:1", "expected the app's name, found nothing") SAYS(
		"2:11", "expected sqlite:FOLDER/FILE or postgres://USER@HOST/NAME, found 'mysql://x'") },
	{ "app: a\napi: { prefix: v1/, cors: 1 }\ncollections: {}\n",
	    SAYS("2:16", "expected a path like /v1, without a slash at its end, found 'v1/'")
		SAYS("2:21", "unknown key 'cors'; expected prefix") },
	{ "app: a\napi: { prefix: /health/x }\ncollections: {}\n",
	    SAYS("2:16", "'/health/x' is taken by the server itself") },
	{ "app: a\napi: { prefix: /a/../b }\ncollections: {}\n",
	    SAYS("2:16", "expected a path like /v1, without a slash at its end, found '/a/../b'") },
	/* What is no YAML, or more than it may be. */
	{ "app: 'a' b\n",
	    SAYS("1:10", "not YAML: invalid trailing content after single-quoted scalar;"
			 " put all of the text in quotes") },
	{ "app: a\napp: b\ncollections: {}\n",
	    SAYS("2:1", "the key 'app' stands here twice; first in line 1") },
	{ "app: &x a\ncollections: {}\n",
	    SAYS("1:7", "anchors are not supported: write it out where it is needed") },
	{ "app: \"\\e[31m\"\ncollections: {}\n",
	    SAYS("1:6", "'?[31m' is not a name: a small letter, then at most 62 small letters, "
			"digits and _") },
	/* Collections. */
	{ "app: a\ncollections:\n  Big: {}\n  batch: { fields: {} }\n  caisson_x: { fields: {} }\n "
	  " d:\n",
	    SAYS("3:3",
		"'Big' is not a name: a small letter, then at most 62 small letters, digits and _")
		SAYS("3:3", "the key 'fields' is missing") SAYS("4:3", "'batch' is a reserved name")
		    SAYS("5:3", "'caisson_x' begins like the tables of the database itself"
				" (caisson_, sqlite_, pg_)") SAYS("6:3",
			"expected a collection: a mapping with 'fields', found nothing") },
	{ "app: a\ncollections:\n  c: { id: uuid, fields: { a: { type: text } }, kind: documents "
	  "}\n",
	    SAYS("3:12", "expected int (without 'id' ids are UUIDs), found 'uuid'")
		SAYS("3:49", "'kind' is not supported yet") },
	/* Fields and their types. */
	{ FIELD_LINE("text"), SAYS("5:10", "expected a field like { type: text }, found 'text'") },
	{ FIELD_LINE("{ typ: text }"), SAYS("5:7", "the key 'type' is missing") SAYS(
					   "5:12", "unknown key 'typ'; did you mean 'type'?") },
	{ FIELD_LINE("{ type: integer }"),
	    SAYS("5:18", "unknown type 'integer'; did you mean 'int'?") },
	{ FIELD_LINE("{ type: string }"),
	    SAYS("5:18", "unknown type 'string'; expected one of: text, int, bool, enum, time, "
			 "ref, refs, float, decimal, date,"
			 " list, json, email, url") },
	{ FIELD_LINE("{ type: id }"),
	    SAYS("5:18", "unknown type 'id'; expected one of: text, int, bool, enum, time, ref, "
			 "refs, float, decimal, date,"
			 " list, json, email, url") },
	{ FIELD_LINE("{ type: file, search: A, cache: 1 }"),
	    SAYS("5:18", "the type 'file' is not supported yet")
		SAYS("5:24", "'search' is not supported yet") SAYS("5:35",
		    "unknown key 'cache'; expected one of: type, required, unique, index, readonly,"
		    " default, min, max, values, to, on_delete, scale, of, pattern, fold, was,"
		    " description") },
	{ FIELD_LINE("{ type: text, required: yes, unique: \"true\", index: 1, readonly: [] }"),
	    SAYS("5:34", "expected true or false, found 'yes'")
		SAYS("5:47", "expected true or false, found the text 'true'")
		    SAYS("5:62", "expected true or false, found '1'")
			SAYS("5:75", "expected true or false, found a list") },
	{ HEAD "      id: { type: text }\n      new: { type: int }\n      xmin: { type: int }\n    "
	       "  aB: { type: int }\n",
	    SAYS("5:7", "'id' is a reserved name") SAYS("6:7", "'new' is a reserved name")
		SAYS("7:7", "'xmin' is a name that PostgreSQL keeps for itself")
		    SAYS("8:7", "'aB' is not a name: a small letter, then at most 62 small "
				"letters, digits and _") },
	/* Bounds. */
	{ FIELD_LINE("{ type: bool, min: 1, values: [a], to: c }"),
	    SAYS("5:24", "'min' has no meaning for type bool")
		SAYS("5:32", "'values' has no meaning for type bool")
		    SAYS("5:45", "'to' has no meaning for type bool") },
	{ FIELD_LINE("{ type: int, min: 5, max: 3 }"),
	    SAYS("5:36", "'max' is smaller than 'min': no value fits") },
	{ FIELD_LINE("{ type: int, min: 5MB, max: 9223372036854775808 }"),
	    SAYS("5:28", "expected a whole number of 64 bits, found '5MB'")
		SAYS("5:38", "expected a whole number of 64 bits, found '9223372036854775808'") },
	{ FIELD_LINE("{ type: text, min: -1 }"),
	    SAYS("5:29", "expected a number of characters, from 0, found '-1'") },
	{ FIELD_LINE("{ type: time, min: 2026-02-30T00:00:00Z }"),
	    SAYS("5:29",
		"expected a time like 2026-11-23T08:00:00Z, found '2026-02-30T00:00:00Z'") },
	{ FIELD_LINE("{ type: time, min: 2026-01-01T00:00:00.1234567Z, default: 2016-12-31T23:59:60Z }"),
	    SAYS("5:29", "expected a time with at most six digits behind the point, found "
			 "'2026-01-01T00:00:00.1234567Z'")
		SAYS("5:68", "expected a time outside of leap seconds, which are not kept, found "
			     "'2016-12-31T23:59:60Z'") },
	/* Enums. */
	{ FIELD_LINE("{ type: enum }"),
	    SAYS("5:7", "an enum needs 'values', a list of values like [small, large]") },
	{ FIELD_LINE("{ type: enum, values: [] }"), SAYS("5:32", "an enum has 1 to 1000 values") },
	{ FIELD_LINE("{ type: enum, values: [a, b, a, '', [x]], default: bb }"),
	    SAYS("5:39", "the value 'a' stands here twice")
		SAYS("5:42", "expected a value, a text that is not empty, found the text ''")
		    SAYS("5:46", "expected a value, a text that is not empty, found a list")
			SAYS("5:61", "unknown value 'bb'; expected one of: a, b") },
	{ FIELD_LINE("{ type: enum, values: [draft, public], default: drat }"),
	    SAYS("5:58", "unknown value 'drat'; did you mean 'draft'?") },
	/* References. */
	{ FIELD_LINE("{ type: ref }"), SAYS("5:7", "a ref needs 'to', the name of a collection") },
	{ "app: a\ncollections:\n  topics: { fields: { t: { type: ref, to: topcis, on_delete: "
	  "nullify } } }\n",
	    SAYS("3:43", "unknown collection 'topcis'; did you mean 'topics'?") SAYS(
		"3:62", "unknown action 'nullify'; expected one of: restrict, cascade, set_null") },
	{ FIELD_LINE("{ type: ref, to: c, on_delete: set_null, required: true }"),
	    SAYS("5:41", "a required field cannot be set to null: choose restrict or cascade") },
	{ FIELD_LINE("{ type: ref, to: c, default: abc }"),
	    SAYS("5:39", "expected auth.id or an id (a UUID), found 'abc'") },
	{ "app: a\ncollections:\n  c: { id: int, fields: { f: { type: ref, to: c, default: x } } "
	  "}\n",
	    SAYS("3:59", "expected a whole number of 64 bits, found 'x'") },
	/* Defaults. */
	{ FIELD_LINE("{ type: int, default: \"7\" }"),
	    SAYS("5:32", "expected a whole number of 64 bits, found the text '7'") },
	{ FIELD_LINE("{ type: int, default: 7, max: 6 }"),
	    SAYS("5:32", "the default is larger than 'max' allows") },
	{ FIELD_LINE("{ type: int, default: now }"),
	    SAYS("5:32", "expected a whole number of 64 bits, found 'now'") },
	{ FIELD_LINE("{ type: bool, default: no }"),
	    SAYS("5:33", "expected true or false, found 'no'") },
	{ FIELD_LINE("{ type: text, default: now }"),
	    SAYS("5:33", "'now' is for types time and date; in quotes it is a text") },
	{ FIELD_LINE("{ type: text, default: auth.email }"),
	    SAYS("5:33", "'auth.email' is not supported yet; 'auth.id' is") },
	{ FIELD_LINE("{ type: text, default: null }"),
	    SAYS("5:33",
		"expected a default (null is what stands where there is none), found 'null'") },
	{ FIELD_LINE("{ type: text, default: \u00e4\u00e4, min: 3 }"),
	    SAYS("5:33", "the default is shorter than 'min' allows") },
	{ FIELD_LINE("{ type: text, default: \u00e4\u00e4\u00e4, max: 2 }"),
	    SAYS("5:33", "the default is longer than 'max' allows") },
	{ FIELD_LINE("{ type: time, default: auth.id }"),
	    SAYS("5:33", "expected a time like 2026-11-23T08:00:00Z, found 'auth.id'") },
	{ FIELD_LINE("{ type: time, default: 2026-01-01T00:00:00Z, min: 2026-01-01T00:00:01Z }"),
	    SAYS("5:33", "the default is smaller than 'min' allows") },
	{ FIELD_LINE("{ type: text, required: true, readonly: true }"),
	    SAYS("5:7", "a required and readonly field needs a 'default': nobody else may give it "
			"a value") },
	/* Floats, decimals and dates. */
	{ FIELD_LINE("{ type: float, min: .5, max: 1e999, default: -0 }"),
	    SAYS("5:30", "expected a number like 0.5 or 1e3, found '.5'")
		SAYS("5:39", "expected a number like 0.5 or 1e3, found '1e999'")
		    SAYS("5:55", "expected a number like 0.5 or 1e3, found '-0'") },
	{ FIELD_LINE("{ type: float, min: 1, max: 0.5 }"),
	    SAYS("5:38", "'max' is smaller than 'min': no value fits") },
	{ FIELD_LINE("{ type: float, default: 0.5, min: 0.75 }"),
	    SAYS("5:34", "the default is smaller than 'min' allows") },
	{ FIELD_LINE("{ type: float, default: 1e3, max: 999.5 }"),
	    SAYS("5:34", "the default is larger than 'max' allows") },
	{ FIELD_LINE("{ type: float, default: \"0.5\", scale: 2 }"),
	    SAYS("5:34", "expected a number like 0.5 or 1e3, found the text '0.5'")
		SAYS("5:41", "'scale' has no meaning for type float; take type decimal") },
	{ FIELD_LINE("{ type: decimal, min: 1 }"),
	    SAYS("5:7",
		"a decimal needs 'scale', how many digits stand behind the point (0 to 18)") },
	{ FIELD_LINE("{ type: decimal, scale: 19 }"),
	    SAYS("5:34", "expected a number of digits from 0 to 18, found '19'") },
	{ FIELD_LINE("{ type: decimal, scale: -1 }"),
	    SAYS("5:34", "expected a number of digits from 0 to 18, found '-1'") },
	{ FIELD_LINE("{ type: decimal, scale: two, default: 1 }"),
	    SAYS("5:34", "expected a whole number of 64 bits, found 'two'") },
	{ FIELD_LINE(
	      "{ type: decimal, scale: 2, min: 0.001, max: 10000000000000000, default: 1e2 }"),
	    SAYS("5:42",
		"expected a number of at most 18 digits, 2 of them behind the point, found "
		"'0.001'") SAYS("5:54",
		"expected a number of at most 18 digits, 2 of them behind the point, found "
		"'10000000000000000'") SAYS("5:82", "expected a number of at most 18 digits, 2 of "
						    "them behind the point, found '1e2'") },
	{ FIELD_LINE("{ type: decimal, scale: 0, default: 1.0 }"),
	    SAYS("5:46", "expected a whole number of at most 18 digits, found '1.0'") },
	{ FIELD_LINE("{ type: decimal, scale: 2, min: \"0.10\", default: 0.09 }"),
	    SAYS("5:59", "the default is smaller than 'min' allows") },
	{ FIELD_LINE("{ type: decimal, scale: 1, min: 0.2, max: 0.1 }"),
	    SAYS("5:52", "'max' is smaller than 'min': no value fits") },
	{ FIELD_LINE("{ type: date, min: 2026-02-29, max: now, default: 2026-11-24T00:00:00Z }"),
	    SAYS("5:29", "expected a date like 2026-11-24, found '2026-02-29'")
		SAYS("5:46", "expected a date like 2026-11-24, found 'now'")
		    SAYS("5:60", "expected a date like 2026-11-24, found '2026-11-24T00:00:00Z'") },
	{ FIELD_LINE("{ type: date, min: 2026-01-02, default: 2026-01-01 }"),
	    SAYS("5:50", "the default is smaller than 'min' allows") },
	/* Lists, JSON and links. */
	{ FIELD_LINE("{ type: list, of: txt }"),
	    SAYS("5:28", "unknown type of items 'txt'; did you mean 'text'?") },
	{ FIELD_LINE("{ type: list, of: date, unique: true }"),
	    SAYS("5:28", "unknown type of items 'date'; expected one of: text, int, bool, float")
		SAYS("5:34", "'unique' has no meaning for type list") },
	{ FIELD_LINE("{ type: list, of: int, default: [1, \"2\", x, [3]], min: -1 }"),
	    SAYS("5:46", "expected a whole number of 64 bits, found the text '2'")
		SAYS("5:51", "expected a whole number of 64 bits, found 'x'")
		    SAYS("5:54", "expected a whole number of 64 bits, found a list")
			SAYS("5:65", "expected a number of items, from 0, found '-1'") },
	{ FIELD_LINE("{ type: list, default: [a, null, {}], max: 1 }"),
	    SAYS("5:37", "expected a text, found 'null'")
		SAYS("5:43", "expected a text, found a mapping") },
	{ FIELD_LINE("{ type: list, default: [a, b], max: 1 }"),
	    SAYS("5:33", "the default is longer than 'max' allows") },
	{ FIELD_LINE("{ type: list, default: [], min: 1 }"),
	    SAYS("5:33", "the default is shorter than 'min' allows") },
	{ FIELD_LINE("{ type: list, default: a }"),
	    SAYS("5:33", "expected a list like [a, b], found 'a'") },
	{ FIELD_LINE("{ type: json, min: 1, index: true, default: ~ }"),
	    SAYS("5:24", "'min' has no meaning for type json")
		SAYS("5:32", "'index' has no meaning for type json") SAYS("5:54",
		    "expected a default (null is what stands where there is none), found '~'") },
	{ FIELD_LINE("{ type: refs }"), SAYS("5:7", "refs need 'to', the name of a collection") },
	{ FIELD_LINE("{ type: refs, to: c, required: true, unique: true, default: [], on_delete: "
		     "cascade }"),
	    SAYS("5:31",
		"'required' has no meaning for type refs, which is never null: 'min: 1' asks "
		"for one target at least") SAYS("5:47",
		"'unique' has no meaning for type refs") SAYS("5:61",
		"'default' has no meaning for type refs") SAYS("5:74",
		"'on_delete' has no meaning for type refs: the links of a target vanish with it") },
	{ FIELD_LINE("{ type: refs, to: c, min: 3, max: 2 }"),
	    SAYS("5:44", "'max' is smaller than 'min': no value fits") },
	{ FIELD_LINE("{ type: refs, to: c, min: 1, readonly: true }"),
	    SAYS("5:7",
		"readonly refs have no targets: nobody may give them, and 'min' asks for some") },
	/* Texts with a form. */
	{ FIELD_LINE("{ type: email, pattern: x, min: -1, default: a@b, max: 2 }"),
	    SAYS("5:25",
		"'pattern' has no meaning for type email, whose form is checked anyway; take "
		"type text") SAYS("5:42", "expected a number of characters, from 0, found '-1'")
		SAYS("5:55", "the default is longer than 'max' allows") },
	{ FIELD_LINE("{ type: email, default: nope }"),
	    SAYS("5:34", "expected an e-mail address, found 'nope'") },
	{ FIELD_LINE("{ type: url, default: \"no url\" }"),
	    SAYS("5:32", "expected an http or https URL, found the text 'no url'") },
	{ FIELD_LINE("{ type: url, default: ftp://a, min: x }"),
	    SAYS("5:32", "expected an http or https URL, found 'ftp://a'")
		SAYS("5:46", "expected a whole number of 64 bits, found 'x'") },
	{ FIELD_LINE("{ type: email, default: [a@b] }"),
	    SAYS("5:34", "expected a default (null is what stands where there is none), found a list") },
	{ FIELD_LINE("{ type: email, default: a@" LONG_NAME ".org }"),
	    SAYS("5:34", "the default is longer than the 254 characters that are possible without 'max'") },
	{ FIELD_LINE("{ type: url, fold: true, values: [a] }"),
	    SAYS("5:23", "'fold' has no meaning for type url")
		SAYS("5:35", "'values' has no meaning for type url") },
	{ FIELD_LINE("{ type: text, fold: yes, pattern: \"a(b\" }"),
	    SAYS("5:30", "expected true or false, found 'yes'")
		SAYS("5:48", "not a pattern: missing closing parenthesis") },
	{ FIELD_LINE("{ type: text, pattern: \"^\\\\d+$|\n        [a\" }"),
	    SAYS("6:11", "not a pattern: missing terminating ] for character class") },
	{ FIELD_LINE("{ type: text, pattern: [a] }"),
	    SAYS("5:33", "expected a regular expression like \"^[a-z]+$\", found a list") },
	{ FIELD_LINE("{ type: text, pattern: ^a$, default: b }"),
	    SAYS("5:47", "the default is none that 'pattern' allows") },
	{ FIELD_LINE(
	      "{ type: text, pattern: ^(a|a)*$, default: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab }"),
	    SAYS("5:52", "the default is none that 'pattern' allows") },
	/* What was called otherwise. */
	{ "app: a\ncollections:\n  c:\n    was: d\n    fields:\n"
	  "      f: { type: text, was: g }\n      g: { type: text, was: g }\n"
	  "      h: { type: int, was: old }\n      i: { type: int, was: old }\n"
	  "      j: { type: int, was: Old }\n      k: { type: int, was: }\n"
	  "  d: { was: past, fields: {} }\n  e: { was: past, fields: {} }\n"
	  "  x: { was: pg_x, description: [], fields: {} }\n",
	    SAYS("4:10", "'d' is still a collection (line 12): 'was' names one that is gone")
		SAYS("6:29", "'g' is still a field (line 7): 'was' names one that is gone")
		    SAYS("7:29", "'g' is still a field (line 7): 'was' names one that is gone")
			SAYS("9:28", "'old' became another field already (line 8)") SAYS("10:28",
			    "'Old' is not a name: a small letter, then at most 62 small "
			    "letters, digits and _")
			    SAYS("11:23", "expected the name of a field before it was renamed, "
					  "found nothing")
				SAYS("13:13", "'past' became another collection already (line 12)")
				    SAYS("14:13", "'pg_x' begins like the tables of the database "
						  "itself (caisson_, sqlite_, pg_)")
					SAYS("14:32", "expected a text, found a list") },
	/* Indexes. */
	{ FIELD_LINE("{ type: text }") "    indexes: [[f, -creatd], f, [], [id, -id], [\"-\"]]\n",
	    SAYS("6:19", "unknown field 'creatd'; did you mean 'created'?") SAYS(
		"6:29", "expected a list of fields like [level, -created], found 'f'") SAYS("6:32",
		"an index has 1 to 8 fields") SAYS("6:41", "'id' stands twice in this index")
		SAYS("6:48", "unknown field ''; expected one of: id, created, updated, f") },
	{ FIELD_LINE("{ type: text, index: true }") "    indexes: [[f]]\n",
	    SAYS("6:15", "'c_f_idx' would be the name of two tables or indexes; the other comes "
			 "from line 5") },
	{ "app: a\ncollections:\n  c: { fields: { f: { type: text, unique: true } } }\n"
	  "  c_f_key: { fields: { g: { type: int } } }\n",
	    SAYS("3:18", "'c_f_key' would be the name of two tables or indexes; the other comes "
			 "from line 4") },
	{ HEAD "      f: { type: text }\n      l: { type: list }\n      m: { type: refs, to: c }\n"
	       "    indexes: [[l, f], [m]]\n"
	       "    unique: [[f], [f, -created], [id, f], [f, j], f, [f, f]]\n",
	    SAYS("8:16", "'l' has more than one value: it cannot stand in an index") SAYS(
		"8:24", "'m' has more than one value: it cannot stand in an index")
		SAYS("9:14", "a field that is unique alone says so itself: 'unique: true'") SAYS(
		    "9:23", "'created' descends, which has no meaning here: write it without -")
		    SAYS("9:35", "'id' is unique alone") SAYS("9:47",
			"unknown field 'j'; expected one of: id, created, updated, "
			"f, l, m")
			SAYS("9:51", "expected a list of fields like [customer, number], found 'f'")
			    SAYS("9:58", "'f' stands twice in this index") },
	{ FIELD_LINE("{ type: text }") "    unique: true\n",
	    SAYS("6:13",
		"expected a list of lists of fields like [[customer, number]], found 'true'") },
	{ FIELD_LINE(
	      "{ type: text }") "    unique: [[f, created]]\n  c_f_created_key: { fields: {} }\n",
	    SAYS("6:14",
		"'c_f_created_key' would be the name of two tables or indexes; the other comes "
		"from line 7") },
	{ FIELD_LINE("{ type: refs, to: c }") "  c_f: { fields: {} }\n",
	    SAYS("5:7",
		"'c_f' would be the name of two tables or indexes; the other comes from line 6") },
	{ FIELD_LINE("{ type: refs, to: c }") "  c_f_idx: { fields: {} }\n",
	    SAYS("5:7",
		"'c_f_idx' would be the name of two tables or indexes; the other comes from line "
		"6") },
	{ "app: a\ncollections:\n  c: { fields: {} }\n  c_pkey: { fields: {} }\n"
	  "  c_id_seq: { fields: {} }\n",
	    SAYS("3:3", "'c_id_seq' would be the name of two tables or indexes; the other comes from "
			"line 5") SAYS("3:3",
		"'c_pkey' would be the name of two tables or indexes; the other comes from line 4") },
	/* Access to fields, and caches. */
	{ FIELD_LINE("{ type: text }") "    fields_access:\n      id: { read: true }\n"
				       "      g: { read: true }\n      f: true\n      created: { "
				       "write: true }\n"
				       "      updated: { read: [] }\n",
	    SAYS("7:7", "whoever may read a record sees its 'id': it may not be restricted")
		SAYS("8:7", "unknown field 'g'; expected one of: id, created, updated, f") SAYS(
		    "9:10", "expected a mapping like { read: true }, found 'true'") SAYS("10:7",
		    "the key 'read' is missing") SAYS("10:18", "unknown key 'write'; expected read")
		    SAYS("11:24", "expected true, false or an expression, found a list") },
	{ FIELD_LINE("{ type: text }") "    fields_access: []\n    cache: 60s\n",
	    SAYS("6:20", "expected a mapping of fields by name, found a list")
		SAYS("7:12", "expected a mapping like { max_age: 60s }, found '60s'") },
	{ FIELD_LINE("{ type: text }") "    cache: { public: 1, age: 2 }\n",
	    SAYS("6:5", "the key 'max_age' is missing")
		SAYS("6:22", "expected true or false, found '1'")
		    SAYS("6:25", "unknown key 'age'; expected one of: max_age, public") },
#define CACHE_SAYS(age)                                                                         \
	{                                                                                       \
		FIELD_LINE("{ type: text }")                                                    \
		"    cache: { max_age: " age " }\n",                                            \
		    SAYS("6:23",                                                                \
			"expected a duration like 60s, 5m, 1h or 7d, at most 366d, found '" age \
			"'")                                                                    \
	}
	CACHE_SAYS("60"),
	CACHE_SAYS("s"),
	CACHE_SAYS("0s"),
	CACHE_SAYS("-1h"),
	CACHE_SAYS("01m"),
	CACHE_SAYS("5w"),
	CACHE_SAYS("1.5h"),
	CACHE_SAYS("367d"),
	CACHE_SAYS("9223372036854775807d"),
	/* Access. */
	{ FIELD_LINE(
	      "{ type: text }") "    access: { read: , craete: true, update: [1], delete: \"\" }\n",
	    SAYS("6:15", "expected true, false or an expression, found nothing")
		SAYS("6:23", "unknown key 'craete'; did you mean 'create'?")
		    SAYS("6:45", "expected true, false or an expression, found a list")
			SAYS("6:58", "expected true, false or an expression, found the text ''") },
	/* Back references. */
	{ "app: a\ncollections:\n"
	  "  posts: { fields: { comments: { type: int } } }\n"
	  "  comments: { fields: { post: { type: ref, to: posts } } }\n",
	    SAYS("4:25", "seen from 'posts' this reference is 'comments', and so is the field of "
			 "line 3: rename one of the two") },
	{ "app: a\ncollections:\n"
	  "  posts: { fields: { x: { type: int } } }\n"
	  "  tags: { fields: { a: { type: ref, to: posts }, b: { type: ref, to: posts } } }\n"
	  "  tags_a: { fields: { p: { type: ref, to: posts } } }\n",
	    SAYS("5:23", "seen from 'posts' this reference is 'tags_a', and so is the reference of "
			 "line 4: rename one of the two") },
	{ "app: a\ncollections:\n"
	  "  a: { fields: { x: { type: int } } }\n"
	  "  b: { fields: { b_up: { type: refs, to: b }, up: { type: ref, to: b } } }\n",
	    SAYS("4:47",
		"seen from 'b' this reference is 'b_up', and so is the field of line 4: rename "
		"one of the two") },
};

static bool
is_told_so(const struct bad_file *bad)
{
	char *lines = NULL;
	size_t size;
	FILE *file = open_memstream(&lines, &size);
	struct app_mistakes mistakes;
	bool told;

	app_mistakes_init(&mistakes);
	assert_null(app_read(str_from(bad->text), &mistakes));
	app_mistakes_print(&mistakes, file, "caisson.yaml");
	app_mistakes_release(&mistakes);
	fclose(file);
	told = strcmp(lines, bad->lines) == 0;
	if (!told)
		printf("--- of\n%s--- is said\n%s--- and not\n%s", bad->text, lines, bad->lines);
	free(lines);
	return told;
}

static void
test_bad_files(void **state)
{
	bool told = true;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_files); i++)
		told &= is_told_so(&bad_files[i]);
	assert_true(told);
}

static void
test_limits(void **state)
{
	struct app_mistakes mistakes;
	struct buf text;

	(void)state;
	buf_init(&text, 4 << 20);
	buf_add_c(&text, "app: a\ncollections:\n");
	for (int i = 0; i < 257; i++)
		buf_addf(&text, "  c%d: { fields: { a: { type: text } } }\n", i);
	app_mistakes_init(&mistakes);
	assert_null(app_read(buf_str(&text), &mistakes));
	assert_int_equal(mistakes.count, 1);
	app_mistakes_release(&mistakes);

	/* All are counted, a thousand are kept. */
	buf_clear(&text);
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, "k%d: 1\n", i);
	app_mistakes_init(&mistakes);
	assert_null(app_read(buf_str(&text), &mistakes));
	assert_int_equal(mistakes.count, 5002);
	app_mistakes_release(&mistakes);

	buf_clear(&text);
	while (text.size <= APP_FILE_SIZE_MAX)
		buf_add_c(&text, "# a comment, one of very many\n");
	app_mistakes_init(&mistakes);
	assert_null(app_read(buf_str(&text), &mistakes));
	assert_string_equal(mistakes.first->detail.data, "the file is larger than 1048576 bytes");
	app_mistakes_release(&mistakes);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
