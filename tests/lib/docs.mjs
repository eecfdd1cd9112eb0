// The manual as a test reads it: the fenced blocks and the tables that carry a
// mark, and the comparison of what they show with what was answered.
//
//	<!-- run -->		a ```sh block: run; a ```text block behind it is what it prints
//	<!-- check -->		a ```yaml block: an app file for `caisson check`; ```text: what that says
//	<!-- file PATH -->	any block: a file of the app folder that the page is about
//	<!-- NAME -->		a table, its rows as cells without their backquotes

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './server.mjs';

/* All pages, by path from the root. */
export function allPages() {
	const pages = readdirSync(join(root, 'docs'), { recursive: true }).filter((name) => name.endsWith('.md')).sort();
	return [...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter((page) => existsSync(join(root, page))),
		...pages.map((name) => join('docs', name))];
}

/* Links of a page into the repository that lead nowhere. */
export function brokenLinks(path) {
	const text = readFileSync(join(root, path), 'utf8').replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
	return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => {
		const [file, anchor] = link.split('#');
		const target = file === '' ? path : normalize(join(dirname(path), file));
		if (/^[a-z]+:/.test(link))
			return false;
		return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
	});
}

/* As GitHub makes them of headings. */
function anchors(path) {
	const text = readFileSync(join(root, path), 'utf8').replace(/^```[^]*?^```$/gm, '');
	return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
		heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
}

/* The marked parts of a page, in its order: {mark, line, text, expected, rows}. */
export function readPage(path) {
	const lines = readFileSync(join(root, path), 'utf8').split('\n'), parts = [];
	for (let at = 0; at < lines.length; at++) {
		const mark = /^<!-- ([a-z][\w .\/-]*) -->$/.exec(lines[at])?.[1];
		if (mark !== undefined)
			parts.push({ mark, line: at + 1, ...readBlock(lines, at + 1), rows: readRows(lines, at + 1) });
	}
	return parts;
}

function readBlock(lines, at) {
	const [text, behind] = readFence(lines, at, /^```(?!text$)[a-z]+$/);
	return { text, expected: readFence(lines, behind, /^```text$/)[0] };
}

function readFence(lines, at, fence) {
	if (!fence.test(lines[at]))
		return [undefined, at];
	const end = lines.indexOf('```', at);
	return [lines.slice(at + 1, end).join('\n') + '\n', end + 1];
}

function readRows(lines, at) {
	const rows = [];
	for (; lines[at]?.startsWith('|'); at++)
		rows.push(lines[at].slice(1, -1).split(/ \| /).map((cell) => cell.trim().replace(/^`(.*)`$/, '$1').replaceAll('\\|', '|')));
	return rows.slice(2);
}

/* Every answer's status line on a line of its own, though bodies end without one. */
export function plainLines(output) {
	return output.replaceAll('\r', '').replace(/(?<=.)(?=HTTP\/1\.1 \d{3} [A-Z])/g, '\n').split('\n');
}

export function statusLines(lines) {
	return lines.filter((line) => /^HTTP\/1\.1 \d{3}/.test(line));
}

/* The status lines are those shown; so are all other lines that are shown, in this order.  "…" is anything. */
export function assertShown(output, expected) {
	const lines = plainLines(output), shown = expected.trimEnd().split('\n').filter((line) => line !== '…');
	assert.deepEqual(statusLines(lines), statusLines(shown), output);
	let at = 0;
	for (const line of shown) {
		const pattern = new RegExp(`^${line.split('…').map(escape).join('.*')}$`);
		while (at < lines.length && !pattern.test(lines[at]))
			at++;
		assert.ok(at < lines.length, `"${line}" was not answered, or not in this place:\n${output}`);
		at++;
	}
}

function escape(text) {
	return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
