#pragma once
/*
 * The API's description, OpenAPI 3.1, made of what runs: the route table and
 * the app.  Schemas are JSON Schema, draft 2020-12.
 *
 *	routes x collections -> paths, one operation each
 *	collection -> questions		a record as it is answered
 *		      questions.shown	the same, of a read: fewer by fields=, more by expand=
 *		      questions.list	a page of them
 *		      questions.create, .replace, .change	what may be sent: by POST, PUT and PATCH
 *	limits in force -> the bounds of parameters and arrays
 *	errors by status -> responses, each with its codes
 *
 * It takes long enough for a large app that no loop should do it: a version that is served has it.
 */
#include "api/routes.h"

/* Enough for the largest app. */
enum { OPENAPI_SIZE_MAX = 256 << 20 };

/* Append the description of ${app}, a JSON document; buf->err where it is too large. */
void openapi_write(const struct app *app, struct buf *ret);

extern const struct step openapi_steps[];
