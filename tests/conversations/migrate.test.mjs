// A changed app over data that is there: `plan` says what it takes, `apply`
// does it, and the data is read through the interface afterwards.

import assert from 'node:assert/strict';
import test from 'node:test';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api, refused } from '../lib/api.mjs';
import { isPostgres, psql } from '../lib/database.mjs';
import { Events } from '../lib/events.mjs';
import { binary, makeFolder, run, Server, writeAppFile } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { rows, schema, sql, sqlitePath } from '../lib/tables.mjs';

const access = { read: true, create: true, update: true, delete: true };
const app = (collections) => ({ app: 'moves', collections: Object.fromEntries(Object.entries(collections)
	.map(([name, { fields = {}, ...rest }]) => [name, { access, ...rest, fields }])) });

class World {
	static async with(first, conversation) {
		const world = new World();
		world.server = await Server.start(first);
		world.api = new Api(world.server);
		try {
			await conversation(world);
		} catch (error) {
			world.server.drop();
			throw error;
		} finally {
			world.api.close();
		}
		if (world.server.isRunning())
			await world.server.release();
		else
			world.server.drop();
	}

	get target() {
		return isPostgres ? this.server.database.url : sqlitePath(this.server.folder, 'moves');
	}

	async stop() {
		this.api.close();
		if (this.server.isRunning())
			await this.server.stop();
	}

	async change(next) {
		await this.stop();
		writeAppFile(this.server.folder, next);
	}

	command(...args) {
		return this.server.run([...args, '-C', this.server.folder]);
	}

	apply(...args) {
		return this.command('apply', '--yes', ...args);
	}

	plan() {
		return JSON.parse(this.command('plan', '--json').stdout);
	}

	/* Changes the app, applies it, and serves it. */
	async move(next, ...args) {
		await this.change(next);
		const ran = this.apply(...args);
		assert.equal(ran.status, 0, ran.stdout + ran.stderr);
		await this.server.start();
		return ran;
	}
}

const numberOf = (tag) => BigInt(tag.replaceAll('"', ''));

const scenario = (name, first, conversation) =>
	test(name, { timeout: 120000 }, () => World.with(first, conversation));

/* --- what stays -------------------------------------------------------- */

const VALUES = [
	['int', {}, 7, 'float', {}, 7], ['int', {}, 7, 'decimal', { scale: 2 }, '7.00'], ['int', {}, -7, 'text', {}, '-7'], ['int', {}, 1, 'bool', {}, true],
	['bool', {}, true, 'int', {}, 1], ['bool', {}, false, 'text', {}, 'false'], ['decimal', { scale: 1 }, '1.5', 'decimal', { scale: 3 }, '1.500'],
	['decimal', { scale: 3 }, '-0.500', 'decimal', { scale: 1 }, '-0.5'], ['decimal', { scale: 2 }, '-0.05', 'text', {}, '-0.05'],
	['decimal', { scale: 2 }, '12.00', 'int', {}, 12], ['float', {}, 12, 'int', {}, 12], ['text', {}, '-12', 'int', {}, -12],
	['text', {}, '1.50', 'decimal', { scale: 1 }, '1.5'], ['text', {}, 'true', 'bool', {}, true], ['text', {}, 'red', 'enum', { values: ['blue', 'red'] }, 'red'],
	['enum', { values: ['a', 'b'] }, 'b', 'text', {}, 'b'], ['enum', { values: ['a', 'b'] }, 'b', 'enum', { values: ['b', 'c'] }, 'b'],
	['text', {}, '2026-11-24', 'date', {}, '2026-11-24'], ['text', {}, '2026-11-24T10:00:00+02:00', 'time', {}, '2026-11-24T08:00:00.000000Z'],
	['date', {}, '1969-12-31', 'time', {}, '1969-12-31T00:00:00.000000Z'], ['date', {}, '2026-11-24', 'text', {}, '2026-11-24'],
	['text', {}, '2026-11-24T10:00:00+23:59', 'time', {}, '2026-11-23T10:01:00.000000Z'], ['time', {}, '1969-12-31T23:59:59.25Z', 'text', {}, '1969-12-31T23:59:59.250000Z'], ['time', {}, '1969-12-31T00:00:00Z', 'date', {}, '1969-12-31'],
	['text', {}, 'a@b.example', 'email', {}, 'a@b.example'], ['email', {}, 'a@b.example', 'text', {}, 'a@b.example'],
	['text', {}, 'https://a.example/', 'url', {}, 'https://a.example/'], ['text', {}, 'HTTP://u:p@[::1]:65535?q=%20#f/?', 'url', {}, 'HTTP://u:p@[::1]:65535?q=%20#f/?'], ['list', { of: 'int' }, [1, 2], 'list', { of: 'float' }, [1, 2]],
	['list', { of: 'text' }, ['é'], 'json', {}, ['é']], ['json', {}, ['a'], 'list', { of: 'text' }, ['a']], ['int', {}, 5, 'json', {}, 5],
];

const numbered = (side) => Object.fromEntries(VALUES.map((row, i) => [`f${i}`, { type: row[3 * side], ...row[3 * side + 1] }]));

scenario('types change and values stay', app({ all: { fields: numbered(0) } }), async (world) => {
	const made = await world.api.make('/all', Object.fromEntries(VALUES.map((row, i) => [`f${i}`, row[2]])));
	const empty = await world.api.make('/all', {});
	await world.move(app({ all: { fields: numbered(1) } }));
	const after = (await world.api.get(`/all/${made.id}`)).json;
	VALUES.forEach((row, i) => assert.deepEqual(after[`f${i}`], row[5], `${row[0]} ${JSON.stringify(row[2])} -> ${row[3]}`));
	const still = (await world.api.get(`/all/${empty.id}`)).json;
	VALUES.forEach((row, i) => assert.equal(still[`f${i}`], null, `null of ${row[0]} -> ${row[3]}`));
	assert.equal(after.created, made.created);
	assert.equal((await world.api.patch(`/all/${made.id}`, { f0: 8 })).status, 200, 'and can be written');
});

const MISFITS = [
	['int', {}, 9007199254740993, 'float', {}], ['text', {}, 'x', 'int', {}], ['text', {}, '1.234', 'decimal', { scale: 2 }], ['text', {}, '2026-02-30', 'date', {}],
	['text', {}, 'yesterday', 'time', {}], ['text', {}, 'green', 'enum', { values: ['red'] }], ['text', {}, 'nobody', 'email', {}], ['int', {}, 2, 'bool', {}],
	['decimal', { scale: 2 }, '1.25', 'decimal', { scale: 1 }], ['text', {}, 'long enough', 'text', { max: 5 }], ['int', {}, 3, 'int', { min: 4 }],
	['enum', { values: ['a', 'b'] }, 'b', 'enum', { values: ['a'] }], ['json', {}, [1, 'a'], 'list', { of: 'int' }],
	['json', {}, [['a']], 'list', { of: 'text' }], ['json', {}, [1e20], 'list', { of: 'int' }], ['list', { of: 'float' }, [9223372036854776000], 'list', { of: 'int' }],
	['text', {}, '2026-01-01T24:00:00Z', 'time', {}], ['text', {}, '9999-12-31T23:59:59-01:00', 'time', {}], ['text', {}, '0001-01-01T00:00:00+01:00', 'time', {}],
	['text', {}, 'http://[', 'url', {}], ['text', {}, 'http://a:99999/', 'url', {}], ['text', {}, 'http://a/%zz', 'url', {}],
];

test('what does not fit is counted, named and refused, and nothing is changed', { timeout: 120000 }, async () => {
	const fields = (side) => Object.fromEntries(MISFITS.map((row, i) => [`f${i}`, { type: row[3 * side], ...row[3 * side + 1] }]));
	await World.with(app({ all: { fields: fields(0) } }), async (world) => {
		const text = `{${MISFITS.map((row, i) => `"f${i}":${row[2] === 9007199254740993 ? '9007199254740993' : JSON.stringify(row[2])}`).join(',')}}`;
		const made = await world.api.make('/all', text);
		await world.api.make('/all', {});
		const before = schema(world.target);
		for (let i = 0; i < MISFITS.length; i++) {
			await world.change(app({ all: { fields: { ...fields(0), [`f${i}`]: fields(1)[`f${i}`] } } }));
			const step = world.plan()[0].steps.find((each) => each.risks.includes('check'));
			assert.equal(step?.records, 1, `${MISFITS[i]}: ${JSON.stringify(world.plan())}`);
			assert.deepEqual(step.ids, [made.id]);
			const ran = world.apply();
			assert.equal(ran.status, 1);
			assert.match(ran.stderr, /do not fit/);
			assert.equal(schema(world.target), before);
		}
	});
});

scenario('required, unique and their records in the way', app({ all: { fields: { a: { type: 'text' }, b: { type: 'int' } } } }), async (world) => {
	const ids = [];
	for (const [a, b] of [['x', 1], ['x', 2], [null, 2], ['y', null], [null, 3]])
		ids.push((await world.api.make('/all', { a, b })).id);
	const refused = async (fields, rest, ...wanted) => {
		await world.change(app({ all: { fields, ...rest } }));
		const step = world.plan()[0].steps.find((each) => each.risks.includes('check'));
		assert.deepEqual([step?.records, step?.ids], [wanted.length, wanted.sort().slice(0, 3)], JSON.stringify(world.plan()));
		assert.equal(world.apply().status, 1);
	};
	await refused({ a: { type: 'text', required: true }, b: { type: 'int' } }, {}, ids[2], ids[4]);
	await refused({ a: { type: 'text', unique: true }, b: { type: 'int' } }, {}, ids[0], ids[1]);
	await refused({ a: { type: 'text' }, b: { type: 'int' }, c: { type: 'int', required: true } }, {}, ...ids);
	await world.move(app({ all: { fields: { a: { type: 'text', max: 9 }, b: { type: 'int' }, c: { type: 'int', required: true, default: 4 } }, unique: [['a', 'b']] } }));
	assert.deepEqual((await world.api.walk('/all')).map((each) => each.c), [4, 4, 4, 4, 4]);
	assert.equal((await world.api.post('/all', { a: 'x', b: 1 })).status, 409);
	assert.equal((await world.api.post('/all', {})).json.c, 4);
});

scenario('records are counted that no constraint could hold later', app({ to: { fields: { n: { type: 'int' } } },
	all: { fields: { links: { type: 'refs', to: 'to' }, text: { type: 'text' }, n: { type: 'int' } } } }), async (world) => {
	for (const text of ['Ä', 'ä', 'Straße', 'STRASSE', 'other'])
		await world.api.make('/all', { text, n: 1 });
	const fields = { links: { type: 'refs', to: 'to' }, text: { type: 'text' }, n: { type: 'int' } };
	for (const [change, rest, records] of [
		[{ links: { type: 'ref', to: 'to', required: true } }, {}, 5],
		[{ text: { type: 'text', fold: true, unique: true } }, {}, 4],
		[{ text: { type: 'text', fold: true } }, { unique: [['n', 'text']] }, 4],
		[{ born: { type: 'date', required: true, default: 'now', max: '2000-01-01' } }, {}, 5],
		[{ seen: { type: 'time', default: 'now', min: '2999-01-01T00:00:00Z' } }, {}, 5],
	]) {
		await world.change(app({ to: { fields: { n: { type: 'int' } } }, all: { fields: { ...fields, ...change }, ...rest } }));
		const steps = world.plan()[0].steps.filter((each) => each.risks.includes('check'));
		assert.ok(steps.some((each) => each.records === records), JSON.stringify([change, steps]));
		const ran = world.apply();
		assert.equal(ran.status, 1);
		assert.match(ran.stderr, /do not fit/);
	}
});

/* --- names ------------------------------------------------------------- */

const links = { type: 'refs', to: 'to' }, int = { type: 'int' };
const NAMES = [
	['a name of a collection that goes', { a: { fields: { b: links } }, a_c: { fields: { n: int } } }, { a: { fields: { c: { ...links, was: 'b' } } } }, 'c'],
	['a name of a collection that is renamed', { a: { fields: { b: links } }, a_c: { fields: { n: int } } }, { a: { fields: { c: { ...links, was: 'b' } } }, z: { was: 'a_c', fields: { n: int } } }, 'c'],
	['a name of other links that are renamed', { a: { fields: { b_x: links } }, a_b: { fields: { y: links } } }, { a: { fields: { b_y: { ...links, was: 'b_x' } } }, a_b: { fields: { z: { ...links, was: 'y' } } } }, 'b_y'],
	['a name of an index that goes', { a: { fields: { b_d: { ...int, index: true }, links } }, a_b: { fields: { c: { ...int, index: true } } } },
		{ a: { fields: { b_c: { ...int, index: true, was: 'b_d' }, links } }, a_b: { fields: { c: int } } }, 'links'],
];

for (const [name, first, next, field] of NAMES)
	scenario(`links and indexes take ${name}`, app({ to: { fields: { n: int } }, ...first }), async (world) => {
		const to = await world.api.make('/to', { n: 1 }), old = Object.keys(first.a.fields).find((each) => first.a.fields[each] === links);
		const made = await world.api.make('/a', { [old]: [to.id] });
		await world.move(app({ to: { fields: { n: int } }, ...next }), '--allow-loss');
		assert.deepEqual((await world.api.get(`/a/${made.id}`)).json[field], [to.id]);
		const fresh = await Server.start(app({ to: { fields: { n: int } }, ...next }));
		assert.equal(schema(world.target), schema(isPostgres ? fresh.database.url : sqlitePath(fresh.folder, 'moves')));
		await fresh.release();
		assert.equal((await world.api.delete(`/to/${to.id}`)).status, 204);
		assert.deepEqual((await world.api.get(`/a/${made.id}`)).json[field], [], 'the links are there');
	});

scenario('collections and fields are renamed with `was`, references and links with them',
	app({ people: { fields: { name: { type: 'text', unique: true, fold: true }, boss: { type: 'ref', to: 'people', on_delete: 'set_null' }, friends: { type: 'refs', to: 'people' } } },
		notes: { id: 'int', fields: { by: { type: 'ref', to: 'people', on_delete: 'cascade' }, text: { type: 'text' } } } }),
	async (world) => {
		const ada = await world.api.make('/people', { name: 'Ada' });
		const bob = await world.api.make('/people', { name: 'Bob', boss: ada.id, friends: [ada.id] });
		const note = await world.api.make('/notes', { by: bob.id, text: 'a' });
		await world.api.make('/notes', { by: bob.id, text: 'b' }).then((each) => world.api.delete(`/notes/${each.id}`));
		const next = app({ persons: { was: 'people', fields: { title: { type: 'text', unique: true, fold: true, was: 'name' }, head: { type: 'ref', to: 'persons', on_delete: 'set_null', was: 'boss' },
			pals: { type: 'refs', to: 'persons', was: 'friends' } } },
		notes: { id: 'int', fields: { writer: { type: 'ref', to: 'persons', on_delete: 'cascade', was: 'by' }, text: { type: 'text', max: 100 } } } });
		await world.move(next);
		assert.equal((await world.api.get('/people')).status, 404);
		const after = (await world.api.get(`/persons/${bob.id}`)).json;
		assert.deepEqual([after.title, after.head, after.pals], ['Bob', ada.id, [ada.id]]);
		assert.equal((await world.api.get(`/notes/${note.id}`)).json.writer, bob.id);
		assert.equal((await world.api.post('/persons', { title: 'ADA' })).status, 409, 'folded and unique as before');
		assert.equal((await world.api.make('/notes', { writer: ada.id })).id, 3, 'ids that were given do not come again');
		assert.equal((await world.api.delete(`/persons/${ada.id}`)).status, 204);
		const alone = (await world.api.get(`/persons/${bob.id}`)).json;
		assert.deepEqual([alone.head, alone.pals], [null, []], 'set_null and links work on');
		await world.stop();
		assert.equal(world.command('plan').stdout, 'Nothing to do: the database fits caisson.yaml.\n', '`was` may stay in the file');
	});

scenario('one reference becomes many, and many become one', app({ a: { fields: { n: { type: 'int' } } }, b: { fields: { one: { type: 'ref', to: 'a' }, many: { type: 'refs', to: 'a' } } } }), async (world) => {
	const x = await world.api.make('/a', { n: 1 }), y = await world.api.make('/a', { n: 2 });
	const made = await world.api.make('/b', { one: x.id, many: [y.id] });
	const none = await world.api.make('/b', {});
	await world.move(app({ a: { fields: { n: { type: 'int' } } }, b: { fields: { one: { type: 'refs', to: 'a' }, many: { type: 'ref', to: 'a' } } } }));
	const after = (await world.api.get(`/b/${made.id}`)).json;
	assert.deepEqual([after.one, after.many], [[x.id], y.id]);
	assert.deepEqual(((each) => [each.one, each.many])((await world.api.get(`/b/${none.id}`)).json), [[], null]);
	assert.equal((await world.api.delete(`/a/${x.id}`)).status, 204);
	assert.deepEqual((await world.api.get(`/b/${made.id}`)).json.one, [], 'the links are there');
});

scenario('a new reference with a default needs the record that it leads to', app({ a: { id: 'int', fields: {} }, b: { fields: {} } }), async (world) => {
	await world.api.make('/b', {});
	const next = app({ a: { id: 'int', fields: {} }, b: { fields: { to: { type: 'ref', to: 'a', default: 1 } } } });
	await world.change(next);
	const [{ steps }] = world.plan();
	assert.deepEqual([steps.length, steps[0].risks.includes('check'), steps[0].records], [1, true, 1]);
	const ran = world.apply();
	assert.match(ran.stdout, /b\.to is new, and records that are there refer to its default\n +1 record does not fit/);
	assert.match(ran.stderr, /records do not fit \(1 of them\)/);
	writeAppFile(world.server.folder, app({ a: { id: 'int', fields: {} }, b: { fields: {} } }));
	await world.server.start();
	assert.equal((await world.api.make('/a', {})).id, 1);
	await world.move(next);
	assert.equal((await world.api.walk('/b'))[0].to, 1);
});

scenario('a rename into the place of another is refused with what to do', app({ all: { fields: { a: { type: 'int' }, b: { type: 'int' } } } }), async (world) => {
	await world.api.make('/all', { a: 1, b: 2 });
	await world.change(app({ all: { fields: { a: { type: 'int', was: 'b' } } } }));
	const told = world.command('plan').stdout;
	assert.match(told, /all\.b is dropped/);
	assert.match(told, /a is there already, so `was: b` says nothing/);
	await world.move(app({ all: { fields: { b: { type: 'int' } } } }), '--allow-loss');
	await world.move(app({ all: { fields: { a: { type: 'int', was: 'b' } } } }));
	assert.deepEqual((await world.api.walk('/all')).map(({ a }) => a), [2]);
});

/* What hangs on a column goes with it, and hangs on the new one though its words are the same. */
const ANEW = (type, to, renamed) => app({
	x: { fields: { n: { type: 'int' } } }, y: { fields: { n: { type: 'int' } } },
	all: { fields: {
		plain: { type, index: true }, sole: { type, unique: true }, pair: { type }, n: { type: 'int' },
		[renamed]: { type, index: true, ...(renamed !== 'before' && { was: 'before' }) },
		one: { type: 'ref', to, on_delete: 'cascade' }, many: { type: 'refs', to },
	}, indexes: [['pair', 'n']], unique: [['n', 'pair']] },
});

scenario('a column that begins anew has its indexes, its uniqueness and its references', ANEW('date', 'x', 'before'), async (world) => {
	const x = await world.api.make('/x', { n: 1 }), y = await world.api.make('/y', { n: 1 });
	const made = await world.api.make('/all', { plain: '2026-01-01', sole: '2026-01-02', pair: '2026-01-03', n: 1, one: x.id, many: [x.id] });
	await world.change(ANEW('int', 'y', 'after'));
	const [{ steps }] = world.plan();
	for (const field of ['plain', 'sole', 'pair', 'before', 'one', 'many'])
		assert.ok(steps.find((each) => each.what.startsWith(`all.${field} begins anew`))?.risks.includes('loss'), `${field}: ${JSON.stringify(steps)}`);
	assert.equal(world.apply('--allow-loss').status, 0);
	const fresh = await Server.start(ANEW('int', 'y', 'after'));
	await fresh.stop();
	assert.equal(schema(world.target), schema(isPostgres ? fresh.database.url : sqlitePath(fresh.folder, 'moves')));
	await fresh.release();
	await world.server.start();
	assert.deepEqual((({ plain, sole, pair, n, one, many }) => [plain, sole, pair, n, one, many])((await world.api.get(`/all/${made.id}`)).json), [null, null, null, 1, null, []]);
	assert.equal((await world.api.patch(`/all/${made.id}`, { sole: 5, pair: 6, one: y.id, many: [y.id] })).status, 200);
	assert.equal((await world.api.post('/all', { sole: 5 })).status, 409, 'unique as before');
	assert.equal((await world.api.post('/all', { n: 1, pair: 6 })).status, 409, 'and as a pair');
	assert.equal((await world.api.delete(`/y/${y.id}`)).status, 204);
	assert.equal((await world.api.get(`/all/${made.id}`)).status, 404, 'the reference cascades');
});

/* --- loss -------------------------------------------------------------- */

scenario('what would be lost is counted and asked for; a rename is guessed', app({ all: { fields: { old: { type: 'text' }, kept: { type: 'int' } } }, gone: { fields: { a: { type: 'text' } } } }), async (world) => {
	const made = await world.api.make('/all', { old: 'x', kept: 1 });
	await world.api.make('/all', { kept: 2 });
	await world.change(app({ all: { fields: { kept: { type: 'int' }, fresh: { type: 'text' } } } }));
	const [plan] = world.plan();
	assert.deepEqual(plan.steps.filter((each) => each.risks.includes('loss')).map((each) => [each.what, each.records]), [['all.old is dropped', 1], ['gone is dropped', 0]]);
	assert.match(plan.hints[0], /was: old/);
	assert.equal(world.command('plan').status, 3);
	const ran = world.apply();
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /values would be lost \(of 1 record\).*--allow-loss/);
	await world.server.run(['serve', world.server.folder, '--listen', '127.0.0.1:0']);
	assert.equal(world.apply('--allow-loss').status, 0);
	await world.server.start();
	assert.deepEqual([(await world.api.get(`/all/${made.id}`)).json.kept, (await world.api.get(`/all/${made.id}`)).json.fresh], [1, null]);
	const backups = join(world.server.folder, 'data/backups');
	assert.equal(readdirSync(backups).length, 1, 'and what was before is in a backup');
	if (!isPostgres)
		assert.equal(sql(join(backups, readdirSync(backups)[0]), 'select old from "all" where old is not null'), 'x\n');
});

/* --- the commands ------------------------------------------------------ */

const simple = (...names) => app({ all: { fields: Object.fromEntries(names.map((name) => [name, { type: 'text' }])) } });

scenario('serve refuses a changed app and names what changed; --dev changes what is safe', simple('a'), async (world) => {
	await world.api.make('/all', { a: 'x' });
	await world.change(simple('a', 'slug'));
	const ran = world.server.run(['serve', world.server.folder, '--listen', '127.0.0.1:0']);
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /all\.slug is new.*caisson apply/);
	world.server.args = ['--dev'];
	await world.server.start();
	assert.match(world.server.stderr, /changed the tables: all\.slug is new/);
	assert.deepEqual((await world.api.walk('/all')).map(({ a, slug }) => [a, slug]), [['x', null]]);
	await world.change(simple('slug'));
	const dev = world.server.run(['serve', world.server.folder, '--dev', '--listen', '127.0.0.1:0']);
	assert.equal(dev.status, 1);
	assert.match(dev.stderr, /all\.a is dropped: 1 record loses a value.*; then run `caisson apply`/s);
	await world.change(simple('slug', 'a'));
	await world.server.start();
	assert.deepEqual((await world.api.walk('/all')).map(({ a, slug }) => [a, slug]), [['x', null]], 'fields that change places change nothing');
});

scenario('migrations are files to be reviewed, applied everywhere, and not to be edited afterwards', simple('a'), async (world) => {
	await world.api.make('/all', { a: 'x' });
	await world.change(simple('a', 'slug'));
	const wrote = world.command('plan', '--write', 'add-slug');
	assert.equal(wrote.status, 0, wrote.stderr);
	const path = join(world.server.folder, `migrations/0001-add-slug.${isPostgres ? 'postgres' : 'sqlite'}.sql`);
	const written = readFileSync(path, 'utf8');
	assert.match(written, /ALTER TABLE "all" ADD COLUMN "slug"/);
	assert.match(world.command('plan').stdout, /0001-add-slug/);
	assert.equal(world.command('plan', '--write', 'again').status, 0);
	assert.equal(readdirSync(join(world.server.folder, 'migrations')).length, 1, 'there is nothing to write twice');
	writeFileSync(path, written.replace('-- shape:', `UPDATE "all" SET "slug" = "a" || '-slug';\n\n-- shape:`));
	assert.deepEqual(world.plan().map(({ file, edited }) => [file, edited]), [[`migrations/0001-add-slug.${isPostgres ? 'postgres' : 'sqlite'}.sql`, true]]);
	const ran = world.apply();
	assert.equal(ran.status, 0, ran.stderr);
	assert.match(ran.stdout, /0001-add-slug\.\w+\.sql, edited since it was written:/);
	assert.match(ran.stdout, /applied: 0001-add-slug \(change 1 of this database\)/);
	await world.server.start();
	assert.equal((await world.api.walk('/all'))[0].slug, 'x-slug', 'as it was edited');
	await world.stop();
	assert.equal(world.apply().status, 0);
	writeFileSync(path, written);
	assert.match(world.apply().stderr, /was changed after it was applied/);
});

/* The file of `plan --write`, which ${edit} changes. */
async function edit(world, next, change) {
	await world.change(next);
	assert.equal(world.command('plan', '--write', 'fill').status, 0);
	const folder = join(world.server.folder, 'migrations'), [name] = readdirSync(folder), path = join(folder, name);
	const written = readFileSync(path, 'utf8');
	return (text = change(written)) => {
		assert.notEqual(text, written);
		writeFileSync(path, text);
		return world.apply('--no-backup');
	};
}

const before = (statement) => (text) => text.replace('-- sql:\n', `-- sql:\n${statement};\n\n`);

scenario('an edited migration fills in what is required; what it leaves out the constraint refuses', simple('a'), async (world) => {
	for (const a of ['x', 'y'])
		await world.api.make('/all', { a });
	const fill = (value) => (text) => isPostgres ? text.replace('SET "nick" = NULL', `SET "nick" = ${value}`) : text.replace('NULL FROM "all"', `${value} FROM "all"`);
	const apply = await edit(world, app({ all: { fields: { a: { type: 'text' }, nick: { type: 'text', required: true } } } }), fill(`CASE "a" WHEN 'x' THEN 'nick' END`));
	assert.match(world.apply().stderr, /records do not fit \(2 of them\).*fill in values in migrations\/0001-fill/);
	const tables = schema(world.target), refused = apply();
	assert.equal(refused.status, 1);
	assert.match(refused.stdout, /2 records do not fit \(.*\) before the edited SQL has run/);
	assert.match(refused.stderr, isPostgres ? /null value|contains null/ : /NOT NULL constraint failed/);
	assert.equal(schema(world.target), tables);
	const path = join(world.server.folder, 'migrations', readdirSync(join(world.server.folder, 'migrations'))[0]);
	const ran = apply(readFileSync(path, 'utf8').replace(`CASE "a" WHEN 'x' THEN 'nick' END`, '"a" || \'-nick\''));
	assert.equal(ran.status, 0, ran.stderr);
	await world.server.start();
	assert.deepEqual((await world.api.walk('/all')).map(({ nick }) => nick).sort(), ['x-nick', 'y-nick']);
});

scenario('an edited migration loses no value that its SQL did not make fit', app({ all: { fields: { a: { type: 'text' }, b: { type: 'text' }, n: { type: 'int' } } } }), async (world) => {
	const ids = {};
	for (const a of ['7', 'seven', 'many', null])
		ids[a] = (await world.api.make('/all', { a, b: 'twin', n: 1 })).id;
	const next = app({ all: { fields: { a: { type: 'int' }, b: { type: 'text', unique: true }, n: { type: 'int', min: 5 } } } });
	const start = `UPDATE "all" SET "b" = ${isPostgres ? 'CAST("id" AS text)' : 'hex("id")'}, "n" = "n" + 4`;
	const apply = await edit(world, next, before(`${start}, "a" = CASE "a" WHEN 'seven' THEN '7' ELSE "a" END`));
	const tables = schema(world.target), refused = apply();
	assert.equal(refused.status, 1);
	assert.match(refused.stderr, /all\.a becomes an int \(was: text\): when the edited SQL has run, 1 record does not fit/);
	assert.ok(refused.stderr.includes(ids.many), refused.stderr);
	assert.equal(schema(world.target), tables);
	const path = join(world.server.folder, 'migrations', readdirSync(join(world.server.folder, 'migrations'))[0]);
	const text = readFileSync(path, 'utf8');
	assert.match(apply(text.replace(', "n" = "n" + 4', '').replace(`ELSE "a"`, `WHEN 'many' THEN '99' ELSE "a"`)).stderr, /constraint/, 'bounds are the engine\'s');
	assert.match(apply(text.replace(/"b" = [^,]*, /, '').replace(`ELSE "a"`, `WHEN 'many' THEN '99' ELSE "a"`)).stderr, /UNIQUE|unique/);
	const ran = apply(text.replace(`ELSE "a"`, `WHEN 'many' THEN '99' ELSE "a"`));
	assert.equal(ran.status, 0, ran.stderr);
	await world.server.start();
	assert.deepEqual((await world.api.walk('/all')).map(({ a, n }) => `${a} ${n}`).sort(), ['7 5', '7 5', '99 5', 'null 5']);
});

scenario('an edited migration that drops values still asks, and one that is broken says how it is written', simple('a', 'b'), async (world) => {
	await world.api.make('/all', { a: 'x', b: 'y' });
	const apply = await edit(world, simple('a'), before(`UPDATE "all" SET "a" = "a" || "b"`));
	assert.match(apply().stderr, /values would be lost \(of 1 record\).*--allow-loss/);
	const broken = apply('-- hello\n');
	assert.equal(broken.status, 1);
	assert.match(broken.stderr, /0001-fill\.\w+\.sql is no migration.*below `-- sql:`/);
});

scenario('an edited migration may empty a value where that is meant', simple('a'), async (world) => {
	await world.api.make('/all', { a: '' });
	const apply = await edit(world, app({ all: { fields: { a: { type: 'int' } } } }), before(`UPDATE "all" SET "a" = NULL WHERE "a" = ''`));
	assert.match(apply().stderr, /would lose the value: if that is meant, say --allow-loss/);
	assert.equal(world.apply('--allow-loss').status, 0);
	await world.server.start();
	assert.deepEqual((await world.api.walk('/all')).map(({ a }) => a), [null]);
});

scenario('an edited migration gives a text its folded form too', simple('a'), async (world) => {
	await world.api.make('/all', { a: 'x' });
	const next = app({ all: { fields: { a: { type: 'text' }, b: { type: 'text', required: true, unique: true, fold: true } } } });
	const apply = await edit(world, next, (text) => isPostgres ? text.replace('SET "b" = NULL', 'SET "b" = "a"').replace(/^CALL caisson_fold.*;$/m, 'SELECT 1;') : text.replace('NULL, ', '"a", '));
	const ran = apply();
	assert.equal(ran.status, 1, ran.stdout);
	assert.match(ran.stderr, /a record of all has a b without its folded form/);
});

scenario('what would be lost behind a file is asked for before the file is applied', app({ all: { fields: { a: { type: 'text' } } }, b: { fields: {} } }), async (world) => {
	await world.api.make('/b', {});
	await world.change(app({ all: { fields: { a: { type: 'text' }, n: { type: 'int' } } }, b: { fields: {} } }));
	assert.equal(world.command('plan', '--write', 'n').status, 0);
	await world.change(simple('a', 'n'));
	const tables = schema(world.target), ran = world.apply();
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /b is dropped, behind migrations\/0001-n.*say --allow-loss; nothing was done/);
	assert.equal(schema(world.target), tables);
	assert.equal(world.apply('--allow-loss').status, 0);
});

scenario('an edited migration stays one transaction, and leaves the tables of the app', simple('a', 'b'), async (world) => {
	await world.api.make('/all', { a: 'x', b: 'y' });
	for (const [statement, message] of [['COMMIT', /a migration is one transaction|not authorized/], ['-- done\n/* all */ Commit', /a migration is one transaction|not authorized/], ['UPDATE "all" SET "a" = NULL; COMMIT', /not authorized|multiple commands/],
		['ALTER TABLE "all" RENAME COLUMN "a" TO "other"', /all has not the columns that the app needs|does not exist|no such column/]]) {
		const apply = await edit(world, simple('a', 'b', 'c'), before(statement));
		const ran = apply();
		assert.equal(ran.status, 1, ran.stdout);
		assert.match(ran.stderr, message);
		await world.change(simple('a', 'b'));
		rmSync(join(world.server.folder, 'migrations'), { recursive: true });
		await world.server.start();
		assert.deepEqual((await world.api.walk('/all')).map(({ a, b }) => [a, b]), [['x', 'y']]);
	}
});

scenario('a caisson.yaml older than the database is refused, and plan and serve say what it is', simple('a'), async (world) => {
	await world.api.make('/all', { a: 'x' });
	await world.move(app({ all: { fields: { b: { type: 'text', was: 'a' } } } }));
	await world.change(simple('a'));
	const ran = world.apply();
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /older than the database/);
	const plan = world.command('plan');
	assert.match(plan.stdout, /^caisson\.yaml is older than the database.*\n?.*take the newer/);
	assert.doesNotMatch(plan.stdout, /hint|was:/);
	assert.deepEqual(world.plan().map(({ older, hints }) => [older, hints]), [[true, []]]);
	for (const args of [[], ['--dev']]) {
		const served = world.server.run(['serve', world.server.folder, ...args, '--listen', '127.0.0.1:0']);
		assert.equal(served.status, 1);
		assert.match(served.stderr, /caisson\.yaml is older than .*take the newer file/);
		if (args.length === 0)
			assert.doesNotMatch(served.stderr, /caisson apply/);
	}
	assert.equal(world.apply('--allow-loss').status, 0);
	assert.equal(world.command('plan').stdout, 'Nothing to do: the database fits caisson.yaml.\n');
});

scenario('without a terminal and --yes nothing is done; before the first serve there is nothing to do', simple('a'), async (world) => {
	await world.change(simple('a', 'b'));
	assert.match(world.command('apply').stderr, /--yes/);
	assert.equal(world.plan().length, 1);
	if (isPostgres)
		return;
	const folder = makeFolder(simple('a'));
	const ran = run(['apply', '-C', folder]);
	assert.equal(ran.status, 0, ran.stderr);
	assert.match(ran.stdout, /caisson serve/);
});

/* --- others at the same time ------------------------------------------- */

scenario('a live stream from before a migration begins anew', simple('a'), async (world) => {
	const made = await world.api.make('/all', { a: 'x' });
	await world.move(simple('a', 'b'));
	const next = await world.api.make('/all', { a: 'y' });
	assert.ok(numberOf(next.etag) > numberOf(made.etag), 'numbers go on');
	const events = await Events.open(world.server, '/v1/all', { lastEventId: made.etag.replaceAll('"', '') });
	try {
		await events.until(() => events.events.some((each) => each.event === 'reset'), 10000, 'a reset');
	} finally {
		events.close();
	}
});

scenario('what looks different has another ETag', simple('a'), async (world) => {
	const record = await world.api.make('/all', { a: 'x' }), path = `/all/${record.id}`;
	const list = (await world.api.get('/all')).etag;
	await world.move(simple('a', 'b'));
	const now = await world.api.get(path, { 'if-none-match': record.etag });
	assert.deepEqual([now.status, now.json.b], [200, null]);
	assert.ok(numberOf(now.etag) > numberOf(record.etag));
	assert.equal((await world.api.get(path, { 'if-none-match': now.etag })).status, 304);
	assert.equal((await world.api.get('/all', { 'if-none-match': list })).status, 200);
	refused(await world.api.patch(path, { a: 'y' }, { 'if-match': record.etag }), 412);
	const changed = await world.api.patch(path, { a: 'y' }, { 'if-match': now.etag });
	assert.equal(changed.status, 200, changed.text);
	assert.ok(numberOf(changed.etag) > numberOf(now.etag));
	assert.equal((await world.api.patch(path, { a: 'z' }, { 'if-match': changed.etag })).status, 200);
});

scenario('numbers go on, and the log stays cut, while old commits are forgotten', simple('a'), async (world) => {
	const record = await world.api.make('/all', { a: 'x' });
	const tagOf = async () => (await world.api.get(`/all/${record.id}`)).etag;
	const before = await tagOf();
	await sleep(2100);
	/* What was there is old by now, the migration is not. */
	await world.move(app({ all: { fields: { a: { type: 'text', index: true } } } }));
	await world.stop();
	world.server.args.push('--limit', 'log_age=2');
	for (let i = 0; i < 2; i++) {
		await world.server.start();
		const events = await Events.open(world.server, '/v1/all', { lastEventId: before.replaceAll('"', '') });
		assert.deepEqual((await events.take()).map((event) => event.event), ['reset']);
		events.close();
		await sleep(500);
		await world.stop();
	}
	await world.server.start();
	await world.api.patch(`/all/${record.id}`, { a: 'y' });
	assert.ok(numberOf(await tagOf()) > numberOf(before));
});

scenario('two who apply at once: one does it', simple('a'), async (world) => {
	for (let i = 0; i < 50; i++)
		await world.api.make('/all', { a: String(i) });
	await world.change(app({ all: { fields: { a: { type: 'int' } } } }));
	const ends = await Promise.all([1, 2].map(() => new Promise((done) => {
		const child = spawn(binary, ['apply', '--yes', '--no-backup', '-C', world.server.folder], { env: world.server.env });
		let output = '';
		child.stdout.on('data', (piece) => output += piece);
		child.stderr.on('data', (piece) => output += piece);
		child.on('close', (status) => done({ status, output }));
	})));
	assert.equal(ends.filter(({ output }) => /^applied/m.test(output)).length, 1, JSON.stringify(ends));
	await world.server.start();
	assert.deepEqual((await world.api.walk('/all')).map(({ a }) => a).sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
});

if (isPostgres) {
	scenario('a server that runs while its tables are changed refuses, and says so', simple('a'), async (world) => {
		const made = await world.api.make('/all', { a: 'x' });
		const live = await Events.open(world.server, '/v1/all');
		writeAppFile(world.server.folder, simple('b'));
		const ran = world.apply('--allow-loss', '--no-backup');
		assert.equal(ran.status, 0, ran.stderr);
		psql(world.target, "update \"all\" set b = 'told to nobody'");
		await live.reading;
		assert.deepEqual(live.events, []);
		for (const path of [`/all/${made.id}`, '/all?sort=a', '/all?filter=has(a)']) {
			const read = await world.api.get(path);
			assert.deepEqual([read.status, read.json.code], [503, 'app_outdated'], read.text);
		}
		const write = await world.api.patch(`/all/${made.id}`, { a: 'y' });
		assert.deepEqual([write.status, write.json.code], [503, 'app_outdated'], write.text);
		assert.equal((await world.api.get(`/all/${made.id}`)).json.code, 'app_outdated');
		assert.equal((await world.api.get('//health/ready')).status, 503);
		world.api.close();
		await world.server.stop();
		await world.server.start();
		assert.equal((await world.api.get(`/all/${made.id}`)).json.b, 'told to nobody');
	});
} else {
	scenario('apply while the server runs says to stop it; plan looks all the same', simple('a'), async (world) => {
		writeAppFile(world.server.folder, simple('a', 'b'));
		const ran = world.apply();
		assert.equal(ran.status, 1);
		assert.match(ran.stderr, /stop it first\n/);
		assert.equal(world.plan()[0].steps[0].what, 'all.b is new');
	});
}

/* --- kills ------------------------------------------------------------- */

scenario('kill -9 at any moment leaves the old tables or the new ones', app({ all: { fields: { a: { type: 'text', index: true }, n: { type: 'int' } } } }), async (world) => {
	await world.stop();
	const count = 20000;
	sql(world.target, isPostgres
		? `insert into "all" (id, a, n) select gen_random_uuid(), 'text ' || i, i from generate_series(1, ${count}) i`
		: `insert into "all" (id, created, updated, _version, a, n) with recursive c (i) as (select 1 union all select i + 1 from c where i < ${count})
			select randomblob(16), 0, 0, 1, 'text ' || i, i from c`);
	const shapes = [app({ all: { fields: { a: { type: 'text', index: true }, n: { type: 'int' } } } }), app({ all: { fields: { a: { type: 'text', index: true, max: 100 }, n: { type: 'decimal', scale: 2 } } } })];
	let now = 0, cut = 0;
	for (let kill = 0; kill < 8; kill++) {
		const before = schema(world.target);
		writeAppFile(world.server.folder, shapes[1 - now]);
		const child = spawn(binary, ['apply', '--yes', '--allow-loss', '--no-backup', '-C', world.server.folder], { env: world.server.env, stdio: 'ignore' });
		const late = setTimeout(() => child.kill('SIGKILL'), 50 + 60 * kill);
		const end = await new Promise((done) => child.on('close', (code, signal) => done({ code, signal })));
		clearTimeout(late);
		cut += end.signal === 'SIGKILL';
		if (isPostgres)
			psql(world.target, 'select pg_sleep(0.3)');
		const plan = world.command('plan', '--json');
		assert.ok([0, 3].includes(plan.status), plan.stderr);
		const done = JSON.parse(plan.stdout).length === 0;
		if (!done)
			assert.equal(schema(world.target), before, 'all of it is old');
		assert.deepEqual(rows(world.target, `select count(*), cast(sum(n) as bigint) from "all"`)[0], [String(count), String(count * (count + 1) / 2 * ((done ? 1 - now : now) && !isPostgres ? 100 : 1))]);
		if (done)
			now = 1 - now;
	}
	assert.ok(cut > 0, 'some were cut');
	writeAppFile(world.server.folder, shapes[now]);
	await world.server.start();
	assert.equal((await world.api.list('/all', { filter: 'n == 7' })).json.items.length, 1);
});
