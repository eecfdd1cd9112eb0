/*
 * Asking from the page: a `try` that is plain curl is sent by the browser
 * itself, and what it answers stands below it.
 *
 *	text -> ask_read -> [{requests, expected}] -> ask_send -> answers
 *
 * What needs a shell (pipes, loops, streams, other programs) or what a browser does not
 * let pages send (Origin, Connection) is left to the shell: ask_read says null.
 */
"use strict";

const ask_flags = new Set(["-s", "-i", "-S", "--http1.1"]);     /* mean nothing here */
const ask_flags_with_value = new Set(["-o", "-w", "--max-time"]);     /* nor do these */
const ask_forbidden = /^(origin|connection|upgrade|host|cookie|te|expect|content-length)$/i;

/* The parts of a try, each ended by its remark "# → 201 twice, …"; null where it needs a shell. */
function ask_read(text) {
	const variables = new Map();
	const parts = [];
	let requests = [];
	for (const line of text.split("\n").map((part) => part.trim()).filter(Boolean)) {
		const remark = /^# → (\d{3})(.*)$/.exec(line);
		const assignment = /^([A-Z_]+)=(.*)$/.exec(line);
		if (remark) {
			parts.push({ requests, status: Number(remark[1]), claim: remark[2] });
			requests = [];
		} else if (assignment?.[1] === "KEY") {
			continue; /* the reader gives it */
		} else if (assignment && ask_words(assignment[2])?.length === 1) {
			variables.set(assignment[1], ask_words(assignment[2])[0]);
		} else {
			const request = ask_request(line, variables);
			if (request === null)
				return null;
			requests.push(request);
		}
	}
	return requests.length === 0 && parts.length > 0 ? parts : null;
}

/* The words of a command as a shell has them, with $NAME left in; null where more than words is meant. */
function ask_words(line) {
	const words = [];
	let word = null, quote = "";
	for (let at = 0; at < line.length; at++) {
		const c = line[at];
		if (quote === "" && /[|;<>()&`*?[]/.test(c) && !(word ?? "").startsWith("http"))
			return null;
		if (quote !== "'" && (c === "`" || line.startsWith("$(", at)))
			return null;
		if (c === quote)
			quote = "";
		else if (quote === "" && (c === "'" || c === '"'))
			[quote, word] = [c, word ?? ""];
		else if (quote === "" && c === " ")
			[word] = [null, word === null ? 0 : words.push(word)];
		else
			word = (word ?? "") + (c === "$" && quote === "'" ? "\u0000" : c); /* no variable there */
	}
	if (quote !== "")
		return null;
	return word === null ? words : [...words, word];
}

function ask_request(line, variables) {
	const words = ask_words(line);
	if (words === null || words.shift() !== "curl")
		return null;
	const request = { method: null, url: null, headers: [], data: [], is_query: false };
	while (words.length > 0)
		if (!ask_option(request, words.shift(), words))
			return null;
	const named = (word) => word.replace(/\$([A-Z_]+)/g, (all, name) => variables.get(name) ?? all).replaceAll("\u0000", "$");
	return ask_whole(request, named);
}

/* Take one option with its value from ${rest}. */
function ask_option(request, word, rest) {
	if (ask_flags.has(word))
		return true;
	if (ask_flags_with_value.has(word))
		return rest.shift() !== undefined;
	if (/^-[a-zA-Z]{2,}$/.test(word))
		return [...word.slice(1)].every((flag) => ask_option(request, `-${flag}`, rest));
	if (word === "-G")
		return (request.is_query = true);
	if (word === "-X")
		return (request.method = rest.shift());
	if (word === "-H")
		return request.headers.push(/^([^:]+): *(.*)$/.exec(rest.shift())?.slice(1) ?? ["", ""]) > 0;
	if (word === "-d")
		return request.data.push(rest.shift()) > 0;
	if (word === "--data-urlencode")
		return request.data.push(rest.shift().replace(/=(.*)$/s, (_, value) => `=${encodeURIComponent(value)}`)) > 0;
	if (word.startsWith("-") || request.url !== null)
		return false;
	return (request.url = word) !== "";
}

function ask_whole({ method, url, headers, data, is_query }, named) {
	if (url === null || headers.some(([name]) => ask_forbidden.test(name) || name === ""))
		return null;
	const parts = data.map(named).join("&");
	let address = named(url);
	if (is_query && parts !== "")
		address += (address.includes("?") ? "&" : "?") + parts;
	const fields = headers.map(([name, value]) => [name, named(value)]);
	const body = is_query || data.length === 0 ? undefined : parts;
	if (body !== undefined && !fields.some(([name]) => name.toLowerCase() === "content-type"))
		fields.push(["Content-Type", "application/x-www-form-urlencoded"]);
	return { method: method ?? (body === undefined ? "GET" : "POST"), url: address, headers: fields, body };
}

/* Send a request as ${key}; {status, headers, text}, or {error}. */
async function ask_send(request, key) {
	const headers = request.headers.map(([name, value]) => [name, value.replaceAll("$KEY", key)]);
	try {
		const answer = await fetch(request.url.replace("http://127.0.0.1:8080", location.origin), {
			method: request.method, headers, body: request.body, cache: "no-store", credentials: "omit",
			redirect: "manual", signal: AbortSignal.timeout(10000),
		});
		return { status: answer.status, headers: [...answer.headers], text: await answer.text() };
	} catch (error) {
		return { error: error.message };
	}
}

function ask_pretty(text) {
	const most = 4000;
	let shown = text;
	try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* as it is */ }
	return shown.length > most ? `${shown.slice(0, most)}\n…` : shown;
}
