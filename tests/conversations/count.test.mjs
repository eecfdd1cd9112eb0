// count=: how many there are, whatever page is looked at, under the same rules.

import assert from 'node:assert/strict';
import { parameterOf, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { magazineHouses } from '../lib/magazine.mjs';
import { tell } from '../lib/open_houses.mjs';

const houses = magazineHouses();

tell(houses, 'a count is of all that the filter finds and the caller may read', async ({ model, word, callers }) => {
	for (const caller of callers) {
		const comments = model.all('comments', caller);
		for (const [filter, holds] of [['', () => true], ['stars > 1', (row) => row.stars > 1], ["text == 'x'", (row) => row.text === 'x'], ['false', () => false],
			[`${word.writer}.name == 'ann'`, (row) => model.find('people', row[word.writer], caller)?.name === 'ann']]) {
			const expected = comments.filter(holds).length;
			for (const count of ['exact', 'bounded']) {
				for (const page of [{}, { limit: 3 }, { limit: 1000 }, { limit: 3, offset: 5 }, { limit: 3, offset: 500 }, { sort: '-stars', limit: 2 }, { fields: 'id', limit: 1 }]) {
					const answer = await caller.api.list(`/${word.comments}`, { filter, count, ...page });
					assert.equal(answer.status, 200, answer.text);
					assert.equal(answer.json.count, expected, `${filter} ${JSON.stringify(page)}: ${answer.text}`);
					assert.deepEqual(Object.keys(answer.json), ['items', 'next', 'count', ...(count === 'bounded' ? ['count_exact'] : [])]);
					if (count === 'bounded')
						assert.equal(answer.json.count_exact, true);
				}
			}
		}
	}
});

tell(houses, 'a count goes along with cursors, and its tag follows it', async ({ word, callers }) => {
	const [, , { api }] = callers;
	const list = (more, headers) => api.list(`/${word.comments}`, { count: 'exact', limit: 2, ...more }, headers);
	const first = await list(), second = await list({ cursor: first.json.next });
	assert.equal(second.json.count, first.json.count);
	assert.match(first.get('link'), /count=exact/);
	assert.equal((await list({}, { 'if-none-match': first.etag })).status, 304);
	const made = await api.make(`/${word.comments}`, { text: 'one more' });
	const third = await list({}, { 'if-none-match': first.etag });
	assert.equal(third.status, 200, 'the page is the same, the count is not');
	assert.equal(third.json.count, first.json.count + 1);
	assert.equal((await api.delete(`/${word.comments}/${made.id}`)).status, 204);
	assert.deepEqual(parameterOf(refused(await list({ count: 'all' }), 400)), ['count']);
	assert.equal((await api.list(`/${word.comments}`, { count: '' })).json.count, undefined);
});

/* Counts are kept; each is as fresh as its page. */
tell(houses, 'a count follows every write, and what changes behind a reference', async ({ word, callers }) => {
	const [, , { api }] = callers;
	const count = async (filter) => (await api.list(`/${word.comments}`, { filter, count: 'exact', limit: 1, sort: '-id' })).json.count;
	const writer = await api.make(`/${word.people}`, { name: 'counted' });
	const filters = ['stars == 5', "text == 'counted'", `${word.writer}.name == 'counted'`];
	const before = await Promise.all(filters.map(count));
	const made = await api.make(`/${word.comments}`, Array.from({ length: 3 }, () => ({ text: 'counted', stars: 5, [word.writer]: writer.id })));
	assert.deepEqual(await Promise.all(filters.map(count)), before.map((each) => each + 3));
	assert.equal((await api.patch(`/${word.comments}/${made.items[0].id}`, { stars: 1 })).status, 200);
	assert.equal((await api.delete(`/${word.comments}/${made.items[1].id}`)).status, 204);
	assert.deepEqual(await Promise.all(filters.map(count)), [before[0] + 1, before[1] + 2, before[2] + 2]);
	assert.equal((await api.patch(`/${word.people}/${writer.id}`, { name: 'renamed' })).status, 200);
	assert.deepEqual(await Promise.all(filters.map(count)), [before[0] + 1, before[1] + 2, before[2]]);
	for (const { id } of [made.items[0], made.items[2]])
		assert.equal((await api.delete(`/${word.comments}/${id}`)).status, 204);
	assert.equal((await api.delete(`/${word.people}/${writer.id}`)).status, 204);
	assert.deepEqual(await Promise.all(filters.map(count)), before);
});

const many = new House('many', {
	app: 'many', database: 'sqlite:data/many.db',
	collections: { rows: { access: { read: true, create: true }, fields: { n: { type: 'int', index: true } } } },
}, {});

many.test('a bounded count stops at a thousand, and says so', async ({ api }) => {
	for (let part = 0; part < 2; part++)
		await api.post('/rows', Array.from({ length: 600 }, (_, n) => ({ n })));
	const bounded = await api.list('/rows', { count: 'bounded' });
	assert.deepEqual([bounded.json.count, bounded.json.count_exact], [1000, false]);
	const exact = await api.list('/rows', { count: 'exact' });
	assert.deepEqual([exact.json.count, exact.json.count_exact], [1200, undefined]);
	const edge = await api.list('/rows', { count: 'bounded', filter: 'n < 500' });
	assert.deepEqual([edge.json.count, edge.json.count_exact], [1000, true]);
});

for (const house of [...houses, many])
	house.close();
