// The handbook's page in Chromium, as a reader uses it: with the mouse, by
// keyboard alone, on a narrow screen, in the dark, and while others write.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { Api } from '../../lib/api.mjs';
import { root, Server } from '../../lib/server.mjs';

const HANDBOOK = join(root, 'examples/handbook');
const seed = (name) => readFileSync(join(HANDBOOK, `seed/${name}.ndjson`), 'utf8').trim().split('\n').map(JSON.parse);
const topics = seed('topics'), questions = seed('questions');
const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

let server, browser, editor;
test.before(async () => {
	server = await Server.start(HANDBOOK);
	editor = new Api(server, { key: server.key('--role', 'editor') });
	browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
});
test.after(async () => {
	await browser.close();
	editor.close();
	await server.release();
});

/* A page at ${hash}, with its list; every complaint of the browser fails the test. */
async function open(t, hash = '', options = {}) {
	const context = await browser.newContext(options), page = await context.newPage(), complaints = [];
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('console', (message) => message.type() === 'error' && !/status of [45]\d\d/.test(message.text()) && complaints.push(message.text()));
	page.on('request', (request) => request.url().startsWith(server.url) || complaints.push(`asked elsewhere: ${request.url()}`));
	await page.goto(`${server.url}/${hash}`);
	await page.waitForSelector('#groups[aria-busy=false] a');
	t.after(async () => {
		await context.close();
		assert.deepEqual(complaints, []);
	});
	return page;
}

/* Wait until ${holds}(${argument}) does, in the page; its policy allows no eval, which waitForFunction needs. */
async function until(page, holds, argument = null, most_ms = 10000) {
	for (const end = Date.now() + most_ms; !await page.evaluate(holds, argument);) {
		assert.ok(Date.now() < end, `never: ${holds}`);
		await new Promise((done) => setTimeout(done, 20));
	}
}

const listed = (page) => page.locator('#groups a').evaluateAll((links) => links.map((link) => link.firstChild.textContent));
const title = (page) => page.locator('#article h1').textContent();

test('it lists every question, by topic in their order', async (t) => {
	const page = await open(t);
	assert.deepEqual((await listed(page)).sort(), questions.map((question) => question.title).sort());
	const order = [...topics].sort((a, b) => a.position - b.position).map((topic) => topic.title);
	assert.deepEqual(await page.locator('#groups h2').allTextContents(), order);
	assert.match(await page.locator('#count').textContent(), new RegExp(`^${questions.length} of ${questions.length} `));
});

test('level, topic and title narrow the list, together', async (t) => {
	const page = await open(t);
	for (const level of ['beginner', 'intermediate', 'advanced']) {
		await page.getByText(level[0].toUpperCase() + level.slice(1), { exact: true }).first().click();
		assert.equal((await listed(page)).length, questions.filter((question) => question.level === level).length, level);
	}
	await page.getByText('All', { exact: true }).click();
	const topic = topics.find((each) => each.slug === 'security');
	await page.selectOption('#topic', topic.id);
	const of_topic = questions.filter((question) => question.topic === topic.id);
	assert.deepEqual((await listed(page)).sort(), of_topic.map((question) => question.title).sort());
	await page.fill('#search', 'ses');
	assert.deepEqual((await listed(page)).sort(), of_topic.filter((question) => /ses/i.test(question.title)).map((question) => question.title).sort());
	assert.ok(await page.locator('#groups mark').count() > 0);
	await page.fill('#search', 'no such words anywhere');
	assert.equal(await page.locator('#count').textContent(), 'No question fits.');
});

test('a question shows all of its parts', async (t) => {
	const question = questions.find((each) => each.slug === 'what-null-means');
	const page = await open(t, `#${question.slug}`);
	assert.equal(await title(page), question.title);
	const text = await page.locator('#article').innerText();
	for (const part of [question.answer.split('\n\n')[0].replaceAll('`', ''), ...['listens_for', 'differences', 'pitfalls', 'sources'].flatMap((name) => question[name].split('\n'))])
		assert.ok(text.includes(part.replaceAll('`', '')), part);
	assert.equal(await page.title(), `${question.title} · Handbook`);
});

test('an address that no question has says so', async (t) => {
	const page = await open(t, '#nothing-here');
	assert.match(await page.locator('[role=alert]').textContent(), /no such question/);
});

test('the keyboard alone finds, opens, turns and copies', async (t) => {
	const page = await open(t, '', { permissions: ['clipboard-read', 'clipboard-write'] });
	await page.keyboard.press('/');
	await page.keyboard.type('smuggl');
	await page.keyboard.press('Escape');
	assert.equal(await page.inputValue('#search'), '');
	await page.keyboard.type('disagree about where');
	await page.keyboard.press('Enter');
	const question = questions.find((each) => each.slug === 'request-smuggling');
	await until(page, (wanted) => document.querySelector('#article h1')?.textContent === wanted, question.title);
	await page.keyboard.press('Escape');
	await page.locator('#article').focus();
	await page.keyboard.press('c');
	await until(page, () => document.querySelector('#copy')?.textContent === 'Copied');
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), question.try.replaceAll('127.0.0.1:8080', new URL(server.url).host));
	await page.keyboard.press('ArrowRight');
	await until(page, (wanted) => document.querySelector('#article h1')?.textContent !== wanted, question.title);
	await page.keyboard.press('ArrowLeft');
	await until(page, (wanted) => document.querySelector('#article h1')?.textContent === wanted, question.title);
	await page.keyboard.press('Escape');
	await page.waitForSelector('.welcome');
});

test('every stop of the Tab key can be seen', async (t) => {
	const page = await open(t, '#sql-injection');
	for (let stop = 0; stop < 12; stop++) {
		await page.keyboard.press('Tab');
		const outlined = await page.evaluate(() => {
			const at = document.activeElement, near = at.type === 'radio' ? at.nextElementSibling : at;
			return at === document.body || getComputedStyle(near).outlineStyle !== 'none';
		});
		assert.ok(outlined, `stop ${stop}`);
	}
});

test('what somebody writes elsewhere is seen at once', async (t) => {
	const question = questions.find((each) => each.slug === 'normal-forms');
	const page = await open(t, `#${question.slug}`);
	await page.waitForSelector('#badge[data-state=live]');
	const changed = await editor.patch(`/questions/${question.id}`, { title: 'What is a normal form, seen live?', votes: { $inc: 1 } });
	assert.equal(changed.status, 200, changed.text);
	await until(page, () => document.querySelector('#article h1').textContent === 'What is a normal form, seen live?');
	assert.ok((await listed(page)).includes('What is a normal form, seen live?'));
	const made = await editor.post('/questions', { title: 'A question that came in just now', slug: 'just-now', topic: question.topic });
	assert.equal(made.status, 201, made.text);
	await until(page, () => document.querySelector('#groups').textContent.includes('came in just now'));
	assert.equal((await editor.delete(`/questions/${made.json.id}`)).status, 204);
	await until(page, () => !document.querySelector('#groups').textContent.includes('came in just now'));
});

test('a restarted server is found again, and what was missed is shown', async (t) => {
	const question = questions.find((each) => each.slug === 'deadlocks');
	const page = await open(t, `#${question.slug}`);
	await page.waitForSelector('#badge[data-state=live]');
	const port = server.port;
	await server.signal('SIGTERM');
	await page.waitForSelector('#badge[data-state=waiting]');
	server.args = ['--listen', `127.0.0.1:${port}`];
	await server.start();
	const again = new Api(server, { key: server.key('--role', 'editor') });
	await again.patch(`/questions/${question.id}`, { title: 'Deadlocks, written meanwhile' });
	again.close();
	await until(page, () => document.querySelector('#article h1').textContent === 'Deadlocks, written meanwhile', null, 40000);
});

test('what the page asks itself is what the page says', { timeout: 300000 }, async (t) => {
	const page = await open(t), key = server.key('--role', 'editor');
	let asked = 0;
	for (const question of questions.filter((each) => each.try)) {
		await page.evaluate((slug) => { location.hash = slug; }, question.slug);
		await until(page, (wanted) => document.querySelector('#article h1')?.textContent === wanted, await current(question));
		if (await page.locator('#ask').count() === 0)
			continue;
		if (await page.locator('#key').count() > 0)
			await page.fill('#key', key);
		const requests = await page.evaluate((text) => ask_read(text).flatMap((part) => part.requests).length, question.try);
		await page.click('#ask');
		await until(page, (count) => document.querySelectorAll('.answered').length === count, requests);
		assert.deepEqual(await page.locator('.answered.other').allInnerTexts(), [], question.slug);
		asked++;
	}
	assert.ok(asked >= 25, `${asked} were asked`);
});

/* Its title now: other tests change some. */
async function current(question) {
	return (await editor.get(`/questions/${question.id}`)).json.title;
}

test('light and dark are as the system says, and as the reader chooses', async (t) => {
	const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await open(t, '', { colorScheme: 'light' }), dark = await open(t, '', { colorScheme: 'dark' });
	const [day, night] = [await paper(light), await paper(dark)];
	assert.notEqual(day, night);
	await dark.click('#theme');
	assert.equal(await paper(dark), day);
	await dark.reload();
	await dark.waitForSelector('#groups a');
	assert.equal(await paper(dark), day);
	for (const page of [light, dark])
		assert.ok(await contrast(page) >= 4.5);
});

/* Between the text of an answer and what is behind it (WCAG 2.2, 1.4.3). */
async function contrast(page) {
	const colors = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
	const [a, b] = colors.map((color) => color.match(/[\d.]+/g).slice(0, 3).map((value) => {
		const part = value / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	})).map(([r, g, blue]) => 0.2126 * r + 0.7152 * g + 0.0722 * blue).sort((x, y) => y - x);
	return (a + 0.05) / (b + 0.05);
}

test('on a narrow screen one thing is shown at a time, and nothing is cut off', async (t) => {
	const page = await open(t, '', { viewport: { width: 320, height: 640 } });
	const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(await overflow() <= 0);
	assert.equal(await page.locator('main').isVisible(), false);
	await page.locator('#groups a').first().click();
	await page.waitForSelector('#article h1');
	assert.equal(await page.locator('nav.list').isVisible(), false);
	for (const question of questions.slice(0, 30)) {
		await page.evaluate((slug) => { location.hash = slug; }, question.slug);
		await until(page, (slug) => shown.slug === slug, question.slug);
		assert.ok(await overflow() <= 0, question.slug);
	}
	await page.locator('.back').click();
	await page.waitForSelector('nav.list');
});
