// docs/reference/rules.md: the app that it shows is served with its seeds, and
// every row of its tables is asked: what a filter finds, which rules are good,
// what is said of bad ones.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { readPage } from '../lib/docs.mjs';
import { makeFolder, run, Server } from '../lib/server.mjs';

const PAGE = 'docs/reference/rules.md';
const parts = readPage(PAGE);
const files = Object.fromEntries(parts.filter((part) => part.mark.startsWith('file ')).map((part) => [part.mark.slice(5), part.text]));
const keys = { ann: ['--user', '1', '--role', 'editor'] };

let server;
test.before(async () => (server = await Server.start({}, { files })));
test.after(() => server.release());

for (const part of parts) {
	const [, kind, collection, who] = /^(filters|bad filters|good rules|bad rules) of (\w+)(?: by (\w+))?$/.exec(part.mark) ?? [];

	if (kind !== undefined)
		test(`line ${part.line}: ${part.mark}`, async (t) => {
			const api = new Api(server, { key: keys[who] && server.key(...keys[who]) });
			assert.ok(part.rows.length > 0);
			for (const row of part.rows)
				await t.test(row.slice(0, -1).join(': '), () => ASK[kind](row, collection, api));
			api.close();
		});
}

const ASK = {
	async filters([filter, finds], collection, api) {
		const answer = await api.list(`/${collection}`, { filter });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(answer.json.items.map((item) => item.slug).sort(), finds.split(', ').filter(Boolean).sort());
	},
	async 'bad filters'([filter, detail], collection, api) {
		const answer = await api.list(`/${collection}`, { filter });
		assert.equal(answer.status, 400, answer.text);
		assert.equal(answer.json.errors[0].detail, detail);
	},
	'good rules'([action, rule], collection) {
		assert.equal(check(collection, action, rule), '');
	},
	'bad rules'([action, rule, error], collection) {
		assert.ok(check(collection, action, rule).includes(`error: ${action} rule of '${collection}': ${error}`), check(collection, action, rule));
	},
};

/* What `caisson check` says of the app with one rule more. */
function check(collection, action, rule) {
	const text = files['caisson.yaml'].replace(new RegExp(`(\n  ${collection}:\n[^]*?    access:\n)      read: true\n`), `$1      ${action}: ${JSON.stringify(rule)}\n`);
	assert.notEqual(text, files['caisson.yaml']);
	return run(['check', '-C', makeFolder({}, { 'caisson.yaml': text })]).stderr;
}
