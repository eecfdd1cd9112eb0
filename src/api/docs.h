#pragma once
/*
 * /docs: the API for people, a page without anything from elsewhere.  It reads
 * /openapi.json and can send what it describes.  Its files lie in the program
 * (docs_files.c is made of them when it is built).
 */
#include "api/routes.h"

struct docs_file {
	size_t size;
	const unsigned char *bytes;
};

extern const struct docs_file docs_html, docs_js, docs_css;

extern const struct step docs_steps[];
