// The app file: what `check` says of it, and the JSON Schema that `schema`
// prints for editors, which must agree wherever a schema can tell.

import assert from 'node:assert/strict';
import test from 'node:test';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { House } from '../lib/house.mjs';
import { makeFolder, root, run } from '../lib/server.mjs';
import { readYaml } from '../lib/yaml.mjs';

const python = (documents) => {
	const schema = JSON.parse(run(['schema']).stdout);
	const numbers = (key, value) => (typeof value === 'bigint' ? Number(value) : value);
	const ran = spawnSync('python3', [join(root, 'tests/lib/validate.py')], { input: JSON.stringify({ schema, documents }, numbers), encoding: 'utf8' });
	assert.equal(ran.status, 0, ran.stderr);
	return JSON.parse(ran.stdout);
};

function check(text) {
	const ran = run(['check', '-C', makeFolder({}, { 'caisson.yaml': text })]);
	assert.ok(ran.status === 0 || ran.stderr.includes('caisson.yaml:'), ran.stderr);
	return ran;
}

/* A whole file around a field, or around the lines of a collection. */
const withField = (attributes) => `app: a\ncollections:\n  c: { id: int, fields: { x: { type: int } } }\n  d:\n    fields:\n      f: ${attributes}\n`;
const withCollection = (lines) => `app: a\ncollections:\n  d:\n    fields: { f: { type: text }, g: { type: int }, h: { type: list } }\n${lines.map((line) => `    ${line}\n`).join('')}`;

const GOOD = [
	...['text', 'int', 'bool', 'time', 'float', 'date', 'list', 'json', 'email', 'url'].map((type) => withField(`{ type: ${type}, readonly: false, description: Some, was: old }`)),
	withField('{ type: text, min: 1, max: 3, default: 12, pattern: "^1", fold: true, unique: true }'),
	withField('{ type: int, min: -5, max: 5, default: 0, required: true, index: true }'),
	withField('{ type: float, min: -0.5, max: 1e3, default: 2 }'),
	withField('{ type: decimal, scale: 2, min: "-1.50", max: 99.9, default: 0 }'),
	withField('{ type: date, min: 1970-01-01, default: now }'),
	withField('{ type: time, max: 2100-01-01T00:00:00Z, default: 2026-01-01T00:00:00.5+01:00 }'),
	withField('{ type: enum, values: [a, 1, true, null], default: null }'),
	withField('{ type: list, of: float, default: [0.5, 1], min: 1, max: 2 }'),
	withField('{ type: json, default: { a: [1, null] }, required: true }'),
	withField('{ type: ref, to: c, on_delete: cascade, default: 7, required: true }'),
	withField('{ type: ref, to: d, default: auth.id, unique: true }'),
	withField('{ type: refs, to: c, min: 1, max: 3 }'),
	withField('{ type: email, fold: true, min: 6, max: 254, unique: true }'),
	withCollection(['id: int', 'indexes: [[f, -created], [g]]', 'unique: [[f, g]]', 'was: c', 'description: Some']),
	withCollection(['access: { read: true, create: new.f == null }', 'fields_access: { f: { read: "g > 1" }, created: { read: false } }', 'cache: { max_age: 7d, public: true }']),
	'app: a\napi: { prefix: /api/v1 }\ndatabase: postgres://me@host/db\ncollections: {}\n',
];

/* What both refuse. */
const BAD = [
	'collections: {}\n',
	'app: a\ncollections: { c: {} }\n',
	'app: a\nhooks: {}\ncollections: {}\n',
	'app: a\njobs: {}\ncollections: {}\n',
	'app: a\napi: { prefix: v1 }\ncollections: {}\n',
	'app: a\ndatabase: mysql://x\ncollections: {}\n',
	'app: a\ncollections: { pg_x: { fields: { f: { type: text } } } }\n',
	'app: a\ncollections: { batch: { fields: { f: { type: text } } } }\n',
	'app: a\ncollections: { c: { fields: { id: { type: text } } } }\n',
	'app: a\ncollections: { c: { fields: { xmin: { type: text } } } }\n',
	'app: a\ncollections: { c: { fields: { Big: { type: text } } } }\n',
	withField('{ min: 1 }'), withField('text'), withField('{ type: txt }'), withField('{ type: file }'), withField('{ type: text, colour: red }'),
	withField('{ type: text, min: -1 }'), withField('{ type: text, min: x }'), withField('{ type: text, required: yes }'), withField('{ type: text, default: [a] }'),
	withField('{ type: text, values: [a] }'), withField('{ type: int, default: x }'), withField('{ type: int, max: 0.5 }'), withField('{ type: bool, default: no }'), withField('{ type: bool, min: 1 }'),
	withField('{ type: enum }'), withField('{ type: enum, values: [] }'), withField('{ type: enum, values: [a, a] }'), withField('{ type: ref }'), withField('{ type: ref, to: c, on_delete: nullify }'),
	withField('{ type: float, min: many }'), withField('{ type: decimal }'), withField('{ type: decimal, scale: 19 }'), withField('{ type: decimal, scale: 2, min: "1e3" }'), withField('{ type: decimal, scale: 2, default: "01" }'),
	withField('{ type: date, default: today }'), withField('{ type: date, min: now }'), withField('{ type: date, min: 2026-01-01T00:00:00Z }'), withField('{ type: time, min: 2026-01-01 }'),
	withField('{ type: list, of: time }'), withField('{ type: list, default: a }'), withField('{ type: list, unique: true }'), withField('{ type: json, index: true }'), withField('{ type: json, max: 3 }'), withField('{ type: json, default: null }'),
	withField('{ type: refs, to: c, required: true }'), withField('{ type: refs, to: c, default: [] }'), withField('{ type: refs }'), withField('{ type: refs, to: c, on_delete: cascade }'),
	withField('{ type: email, pattern: x }'), withField('{ type: url, fold: true }'), withField('{ type: int, fold: true }'), withField('{ type: float, scale: 2 }'), withField('{ type: text, was: Old }'),
	withCollection(['id: uuid']), withCollection(['indexes: [f]']), withCollection(['indexes: [[]]']), withCollection(['indexes: [[f, f]]']), withCollection(['unique: [[f]]']), withCollection(['unique: [[f, -g]]']),
	withCollection(['fields_access: { id: { read: true } }']), withCollection(['fields_access: { f: { write: true } }']), withCollection(['fields_access: { f: true }']),
	withCollection(['cache: { max_age: 60 }']), withCollection(['cache: { max_age: 5w }']), withCollection(['cache: { public: true }']), withCollection(['access: { remove: true }']), withCollection(['live: true']),
];

/* What takes more than a schema, and what is said of it. */
const SUBTLE = [
	[withField('{ type: text, min: 3, max: 2 }'), "'max' is smaller than 'min': no value fits"],
	[withField('{ type: text, pattern: "a(" }'), 'not a pattern: missing closing parenthesis'],
	[withField('{ type: text, pattern: "^b$", default: a }'), "the default is none that 'pattern' allows"],
	[withField('{ type: decimal, scale: 2, default: 1.999 }'), "expected a number of at most 18 digits, 2 of them behind the point, found '1.999'"],
	[withField('{ type: list, of: int, default: [1, a] }'), "expected a whole number of 64 bits, found 'a'"],
	[withField('{ type: ref, to: e }'), "unknown collection 'e'; expected one of: c, d"],
	[withField('{ type: float, default: -0.0 }'), "expected a number like 0.5 or 1e3, found '-0.0'"],
	[withField('{ type: date, min: 2026-02-30 }'), "expected a date like 2026-11-24, found '2026-02-30'"],
	[withField('{ type: refs, to: c, min: 1, readonly: true }'), "readonly refs have no targets"],
	[withCollection(['indexes: [[h]]']), "'h' has more than one value: it cannot stand in an index"],
	[withCollection(['unique: [[id, f]]']), "'id' is unique alone"],
	[withCollection(['was: d']), "'d' is still a collection (line 3)"],
	[withCollection(['fields_access: { nope: { read: true } }']), "unknown field 'nope'"],
	[withCollection(['access: { read: auth.id != null }', 'cache: { max_age: 60s, public: true }']), "'public' is for what everybody sees alike: the read rule looks at its caller"],
	[withCollection(['access: { read: true }', `fields_access: { f: { read: "'x' in auth.roles" } }`, 'cache: { max_age: 60s, public: true }']), "'public' is for what everybody sees alike: the rule of field 'f' looks at its caller"],
];

test('the schema accepts the apps that there are', () => {
	const files = readdirSync(join(root, 'tests/apps')).map((name) => join(root, 'tests/apps', name, 'caisson.yaml'));
	files.push(join(root, 'examples/handbook/caisson.yaml'));
	assert.ok(files.length >= 4);
	const mistakes = python(files.map((file) => readYaml(readFileSync(file, 'utf8'))));
	files.forEach((file, i) => assert.deepEqual(mistakes[i], [], file));
	files.forEach((file) => assert.equal(run(['check', '-C', join(file, '..')]).status, 0, file));
});

test('what is good is good for both', () => {
	const mistakes = python(GOOD.map(readYaml));
	GOOD.forEach((text, i) => assert.deepEqual(mistakes[i], [], text));
	GOOD.forEach((text) => assert.equal(check(text).stderr, '', text));
});

test('what a schema can tell is bad for both', () => {
	const mistakes = python(BAD.map(readYaml));
	BAD.forEach((text, i) => assert.notEqual(mistakes[i].length, 0, text));
	BAD.forEach((text) => assert.equal(check(text).status, 1, text));
});

test('what only check can tell', () => {
	for (const [text, detail] of SUBTLE) {
		const ran = check(text);
		assert.equal(ran.status, 1, text);
		assert.ok(ran.stderr.includes(`error: ${detail}`), `${text}\n${ran.stderr}`);
	}
});

/* Attributes, and values of which some are none that they allow: as JSON, which is YAML too. */
const DEFAULTS = [
	['type: text, min: 2, max: 3, pattern: "^a"', ['"ab"', '"aéé"', '"a"', '"abcd"', '"bb"', '""']],
	['type: text, fold: true, unique: true, max: 1', ['"ß"', '"SS"']],
	['type: email', ['"a@b.org"', '"nope"', '"a@b."', '""', '"ä@b.org"', `"a@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(60)}"`, `"a@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(61)}"`]],
	['type: email, min: 6, max: 260', ['"a@b.org"', '"a@b.c"', '"a@b."', `"a@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(62)}"`]],
	['type: url', ['"https://a"', '"no url"', '"ftp://a"', '"https://"', '"/a"', `"https://a/${'b'.repeat(2038)}"`, `"https://a/${'b'.repeat(2039)}"`]],
	['type: url, max: 10', ['"https://ab"', '"https://abc"']],
	['type: int, min: -5, max: 5', ['-5', '5', '-6', '6', '0.5', '"1"', 'true']],
	['type: int', ['9223372036854775807', '9223372036854775808', '-9223372036854775808']],
	['type: float, min: -0.5, max: 1e3', ['-0.5', '1000', '-0.51', '1000.5', '-0.0', '"1"', '1e400']],
	['type: decimal, scale: 2, min: -1, max: "9.99"', ['"9.99"', '-1', '"10"', '"-1.01"', '"0.001"', '"01"', '"x"']],
	['type: decimal, scale: 0', ['999999999999999999', '1000000000000000000', '"1.0"']],
	['type: bool', ['true', 'false', '"true"', '1']],
	['type: enum, values: [a, "1"]', ['"a"', '"1"', '"A"', '""']],
	['type: date, min: 2000-01-01, max: 2001-01-01', ['"2000-02-29"', '"2001-02-29"', '"1999-12-31"', '"2001-01-02"', '"2000-1-1"']],
	['type: time, max: 2000-01-01T00:00:00Z', ['"1999-12-31T23:59:59.123456Z"', '"1999-12-31T23:59:59.1234567Z"', '"1998-12-31T23:59:60Z"', '"2000-01-01T00:00:00.000001Z"', '"1999-12-31"']],
	['type: list, of: text, min: 1, max: 2', ['["a"]', '["a","b"]', '[]', '["a","b","c"]', '["a",["b"]]', '["a",null]', '"a"']],
	['type: list, of: int', ['[1]', '[1,0.5]', '["1"]', '[9223372036854775808]']],
	['type: list, of: float', ['[1,0.5]', '[-0.0]', '["x"]', '[1e400]']],
	['type: list, of: bool', ['[true]', '[1]']],
	['type: json', ['{"a":[1,null]}', '"x"', '0.5']],
	['type: ref, to: d', ['"018f3a1e-0000-7000-8000-000000000000"', '"me"', '1']],
];

const each = DEFAULTS.flatMap(([attributes, values]) => values.map((value) => ({ attributes, value })));
const withEach = (more) => `app: a\ncollections:\n  d:\n    access: { create: true, read: true }\n    fields:\n${each.map((field, i) => `      f${i}: { ${field.attributes}${more(field)} }\n`).join('')}`;
const house = new House('defaults', {}, { files: { 'caisson.yaml': withEach(() => '') } });

house.test('a default is what a client may send, and nothing else', async ({ api }) => {
	const ran = check(withEach(({ value }) => `, default: ${value}`));
	const bad = new Set([...ran.stderr.matchAll(/caisson\.yaml:(\d+):/g)].map(([, line]) => Number(line) - 6));
	for (const [i, { attributes, value }] of each.entries()) {
		const answer = await api.post('/d', `{"f${i}":${value}}`);
		const isBad = answer.status === 422 && answer.json.errors[0].code !== 'reference';
		assert.ok([201, 422].includes(answer.status), answer.text);
		assert.equal(bad.has(i), isBad, `${attributes}, default: ${value}: ${answer.text}\n${ran.stderr}`);
	}
});

house.close();

test('a read rule may speak of auth in a text', () => {
	const ran = check(withCollection([`access: { read: "f != 'auth.id'" }`, 'cache: { max_age: 60s, public: true }']));
	assert.equal(ran.stderr, '');
});
