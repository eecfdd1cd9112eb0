/*
 * The handbook's page: a list, one question, and the changes as they happen.
 *
 *	/v1/topics, /v1/questions -> topics, questions -> show() -> the document
 *	text/event-stream ------------^
 *
 * The stream is opened before the list is read, and what it says meanwhile
 * waits until the list is there: so no change can fall between the two.
 * Data reaches the document as text only, never as HTML.
 */
"use strict";

const api = "/v1";
const page_rows = 200;
const rows_max = 2000; /* a handbook, not a warehouse: what is beyond stays unlisted, and the page says so */
const levels = ["beginner", "intermediate", "advanced"];
const words = {
	beginner: "Beginner", intermediate: "Intermediate", advanced: "Advanced",
	concept: "Concept", how_to: "How to", problem: "Problem", team: "Team",
};

const topics = new Map();    /* by id */
const questions = new Map(); /* by id */
const chosen = { words: [], level: "", topic: "" };
let whole = true; /* false where the list was cut at rows_max */

const $ = (id) => document.getElementById(id);

function start() {
	theme_set(theme_stored());
	$("theme").addEventListener("click", theme_next);
	$("search").addEventListener("input", choose);
	$("levels").addEventListener("change", choose);
	$("topic").addEventListener("change", choose);
	addEventListener("hashchange", turn);
	addEventListener("keydown", key);
	document.addEventListener("visibilitychange", seen);
	follow();
}

/* An element with attributes and children; strings become text. */
function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [attribute, value] of Object.entries(attributes)) {
		if (attribute.startsWith("on"))
			element.addEventListener(attribute.slice(2), value);
		else
			element.setAttribute(attribute, value);
	}
	element.append(...children.filter((child) => child !== null));
	return element;
}

/* ---- reading ---- */

async function read_all(collection, ret_note) {
	const records = [];
	let cursor = null;
	do {
		const query = new URLSearchParams({ sort: "position", limit: page_rows });
		if (cursor !== null)
			query.set("cursor", cursor);
		const answer = await fetch(`${api}/${collection}?${query}`, { cache: "no-cache" });
		if (!answer.ok)
			throw new Error(await problem_text(answer));
		const part = await answer.json();
		ret_note(answer);
		records.push(...part.items);
		cursor = part.next ?? null;
	} while (cursor !== null && records.length < rows_max);
	return { records, whole: cursor === null };
}

async function problem_text(answer) {
	const problem = await answer.json().catch(() => ({}));
	return [answer.status, problem.title, problem.detail].filter(Boolean).join(" · ");
}

async function load_topics() {
	const { records } = await read_all("topics", () => {});
	topics.clear();
	for (const topic of records)
		topics.set(topic.id, topic);
}

async function load() {
	await load_topics();
	const read = await read_all("questions", (answer) => {
		/* A tag begins with the number of the newest commit that its answer knows. */
		const number = /^"(\d+)/.exec(answer.headers.get("ETag") ?? "");
		if (number)
			badge_commit(number[1]);
	});
	questions.clear();
	for (const question of read.records)
		questions.set(question.id, question);
	whole = read.whole;
}

/* ---- following ---- */

const pause_ms_min = 1000, pause_ms_max = 30000;
const live = {
	source: null,
	pause_ms: pause_ms_min,
	position: "",  /* of the last event that had one: what the browser resumes from */
	waiting: null, /* events that came while the list is being read; null: it is not */
	again: false,  /* the list being read is out of date already */
	changed: new Set(), /* ids that the document does not show yet */
	topics_asked_ms: 0,
};

function follow() {
	const source = new EventSource(`${api}/questions`);
	live.source = source;
	live.position = "";
	source.addEventListener("open", () => opened(source));
	source.addEventListener("error", () => closed(source));
	for (const name of ["entered", "changed", "left", "reset"])
		source.addEventListener(name, (event) => arrived(source, event));
}

/* A tab that nobody sees holds no connection: a browser has only six for a server. */
function seen() {
	live.source.close();
	if (document.hidden)
		badge("waiting");
	else
		follow();
}

/* A stream that can resume is sent what it missed; any other reads the list again. */
function opened(source) {
	if (source !== live.source)
		return;
	live.pause_ms = pause_ms_min;
	badge("live");
	if (live.position === "")
		reload();
}

async function reload() {
	live.again = live.waiting !== null;
	live.waiting = []; /* what came before is older than the list that is now read */
	if (live.again)
		return;
	do {
		live.again = false;
		const error = await load().then(() => null, (error) => error);
		if (error !== null && !live.again)
			return reload_later(error);
	} while (live.again);
	const waiting = live.waiting;
	live.waiting = null;
	waiting.forEach(apply);
	show();
}

function reload_later(error) {
	live.waiting = null;
	failed(error);
	setTimeout(() => { if (!document.hidden) reload(); }, live.pause_ms);
	live.pause_ms = Math.min(2 * live.pause_ms, pause_ms_max);
}

/* The browser reconnects by itself, except where the answer was no stream. */
function closed(source) {
	if (source !== live.source)
		return;
	badge("waiting");
	if (source.readyState !== EventSource.CLOSED)
		return;
	if (questions.size === 0 && live.waiting === null)
		reload(); /* better a list that stands still than none */
	setTimeout(() => { if (source === live.source && !document.hidden) follow(); }, live.pause_ms);
	live.pause_ms = Math.min(2 * live.pause_ms, pause_ms_max);
}

function arrived(source, event) {
	if (source !== live.source)
		return;
	if (event.lastEventId !== "") {
		live.position = event.lastEventId;
		badge_commit(event.lastEventId);
	}
	if (event.type === "reset")
		reload();
	else if (live.waiting !== null)
		live.waiting.push(event);
	else
		show_soon(apply(event));
}

/* Take one event into the list; the id that it is about. */
function apply(event) {
	const record = JSON.parse(event.data);
	if (event.type === "left")
		questions.delete(record.id);
	else
		questions.set(record.id, record);
	if (event.type !== "left" && !topics.has(record.topic))
		ask_topics();
	return record.id;
}

function ask_topics() {
	if (Date.now() < live.topics_asked_ms + 5000)
		return;
	live.topics_asked_ms = Date.now();
	load_topics().then(() => show(), () => {});
}

/* Many changes in one moment are shown once. */
function show_soon(id) {
	if (live.changed.size === 0)
		setTimeout(() => {
			const changed = new Set(live.changed);
			live.changed.clear();
			show(changed);
		}, 30);
	live.changed.add(id);
}

function badge(state) {
	$("badge").dataset.state = state;
	$("badge-word").textContent = { live: "live", waiting: "reconnecting" }[state];
}

function badge_commit(number) {
	const commit = $("badge-commit");
	if (commit.textContent === `#${number}`)
		return;
	commit.textContent = `#${number}`;
	commit.hidden = false;
	animate($("badge"), "beat");
}

/* Start a CSS animation, again if it runs. */
function animate(element, name) {
	element.classList.remove(name);
	void element.offsetWidth;
	element.classList.add(name);
}

/* ---- showing ---- */

/* Show the data; ${changed} are the ids that changed since, without it anything may have. */
function show(changed = null) {
	$("groups").setAttribute("aria-busy", "false");
	show_topic_choice();
	show_list();
	const question = current();
	const is_changed = changed !== null && changed.has(shown.id);
	if (is_changed && question && $("answers")?.childElementCount > 0)
		show_about(question); /* what was asked here has changed it: leave the answers where they are */
	else if (changed === null || is_changed || (question?.id ?? null) !== shown.id)
		show_article(question, is_changed);
}

function failed(error) {
	if (questions.size > 0)
		return;
	$("article").classList.add("failed");
	$("article").replaceChildren(make("p", { class: "notice", role: "alert" },
		`The questions cannot be read: ${error.message}. Trying again.`));
}

function in_order(records) {
	return [...records].sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1));
}

/* What the search, the level and the topic leave, by topic: [topic, questions]. */
function groups() {
	const by_topic = new Map(in_order(topics.values()).map((topic) => [topic.id, []]));
	for (const question of in_order(questions.values()))
		if (matches(question)) {
			if (!by_topic.has(question.topic))
				by_topic.set(question.topic, []);
			by_topic.get(question.topic).push(question);
		}
	return [...by_topic].filter(([, group]) => group.length > 0);
}

function matches(question) {
	if (chosen.level !== "" && question.level !== chosen.level)
		return false;
	if (chosen.topic !== "" && question.topic !== chosen.topic)
		return false;
	const title = fold(question.title);
	return chosen.words.every((word) => title.includes(word));
}

/* For comparing: without case and accents. */
function fold(text) {
	return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function listed() {
	return groups().flatMap(([, group]) => group);
}

function topic_title(id) {
	return topics.get(id)?.title ?? "Other";
}

function show_topic_choice() {
	const options = in_order(topics.values()).map((topic) => {
		const option = make("option", { value: topic.id }, topic.title);
		option.selected = topic.id === chosen.topic;
		return option;
	});
	if (!topics.has(chosen.topic))
		chosen.topic = "";
	$("topic").replaceChildren(make("option", { value: "" }, "All topics"), ...options);
	$("topic").value = chosen.topic;
}

function show_list() {
	const focused = document.activeElement?.dataset?.id;
	const now = current();
	const found = groups();
	$("groups").replaceChildren(...found.map(([topic, group]) => make("section", { class: "group" },
		make("h2", {}, topic_title(topic)),
		make("ul", {}, ...group.map((question) => make("li", {}, list_link(question, now)))))));
	if (focused)
		link_of(focused)?.focus({ preventScroll: true });
	const count = found.reduce((sum, [, group]) => sum + group.length, 0);
	$("count").textContent = count === 0 ? "No question fits." :
		`${count} of ${questions.size} questions${whole ? "" : ", the first of many"}`;
}

function list_link(question, now) {
	const link = make("a", { href: `#${encodeURIComponent(question.slug)}`, "data-id": question.id },
		make("span", {}, ...marked(question.title)), dots(question.level));
	if (question.id === now?.id)
		link.setAttribute("aria-current", "page");
	return link;
}

function link_of(id) {
	return [...$("groups").querySelectorAll("a")].find((link) => link.dataset.id === id);
}

/* The title with what was searched for marked; left plain where folding changed its length. */
function marked(title) {
	const folded = fold(title);
	if (chosen.words.length === 0 || folded.length !== title.length)
		return [title];
	const hit = new Array(title.length).fill(false);
	for (const word of chosen.words)
		for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1))
			hit.fill(true, at, at + word.length);
	const parts = [];
	for (let from = 0, to; from < title.length; from = to) {
		for (to = from + 1; to < title.length && hit[to] === hit[from]; to++)
			;
		const text = title.slice(from, to);
		parts.push(hit[from] ? make("mark", {}, text) : text);
	}
	return parts;
}

function dots(level) {
	const full = levels.indexOf(level);
	const word = words[level] ?? level;
	return make("span", { class: "dots", role: "img", title: word, "aria-label": word },
		...levels.map((_, i) => make("i", { class: i <= full ? "full" : "" })));
}

/* ---- one question ---- */

const shown = { id: null, slug: null };

/* The question that the address names; the one on show stays so when its slug changes. */
function current() {
	const slug = address();
	if (slug === "")
		return null;
	for (const question of questions.values())
		if (question.slug === slug)
			return question;
	return shown.slug === slug ? questions.get(shown.id) ?? null : null;
}

function address() {
	try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
}

function show_article(question, is_changed) {
	const article = $("article");
	const slug = address();
	const was_shown = slug === shown.slug && shown.id !== null;
	article.classList.remove("failed");
	document.body.classList.toggle("reading", slug !== "");
	document.title = question ? `${question.title} · Handbook` : "Handbook";
	if (question)
		article.replaceChildren(back(), ...article_parts(question));
	else if (slug !== "")
		article.replaceChildren(back(), make("p", { class: "notice", role: "alert" },
			was_shown ? "This question was taken away just now." : "There is no such question."));
	else
		article.replaceChildren(welcome());
	if (question && is_changed)
		animate(article.querySelector(".about"), "changed");
	shown.id = question?.id ?? (was_shown ? shown.id : null);
	shown.slug = slug;
}

function back() {
	return make("a", { class: "back", href: "#" }, "← All questions");
}

function about(question) {
	return make("p", { class: "about" },
		make("span", { class: "topic" }, topic_title(question.topic)),
		make("span", { class: "level" }, dots(question.level), words[question.level] ?? question.level),
		make("span", {}, words[question.kind] ?? question.kind),
		make("span", {}, question.votes === 1 ? "1 vote" : `${question.votes} votes`),
		question.published ? null : make("span", {}, "not published"));
}

function show_about(question) {
	$("article").querySelector(".about").replaceWith(about(question));
	animate($("article").querySelector(".about"), "changed");
}

function article_parts(question) {
	return [
		about(question),
		make("h1", {}, question.title),
		make("div", { class: "answer" }, ...paragraphs(question.answer)),
		points("listens", "What an interviewer listens for", question.listens_for),
		points("differences", "Not the same", question.differences),
		points("pitfalls", "Pitfalls", question.pitfalls),
		try_box(question.try),
		points("sources", "Sources", question.sources),
		neighbours(question),
	].filter((part) => part !== null);
}

function paragraphs(text) {
	return (text ?? "").split(/\n{2,}/).filter(Boolean).map((part) => make("p", {}, ...with_code(part)));
}

/* Text with `code` in backquotes. */
function with_code(text) {
	return text.split("`").map((part, i, all) =>
		i % 2 === 0 ? part : i === all.length - 1 ? "`" + part : make("code", {}, part));
}

function points(name, title, text) {
	const lines = (text ?? "").split("\n").filter((line) => line.trim() !== "");
	if (lines.length === 0)
		return null;
	return make("section", { class: `aside ${name}` }, make("h2", {}, title),
		make("ul", {}, ...lines.map((line) => make("li", {}, ...with_code(line)))));
}

function try_box(text) {
	if (!text)
		return null;
	const command = text.replaceAll("127.0.0.1:8080", location.host || "127.0.0.1:8080");
	const parts = ask_read(text);
	const lines = command.split("\n").flatMap((line, i) => [i === 0 ? "" : "\n",
		line.startsWith("#") ? make("span", { class: "remark" }, line) : line]);
	return make("section", { class: "aside try" },
		make("header", {}, make("h2", {}, "Try it"),
			parts === null ? null : make("button", { class: "plain", id: "ask", type: "button", "aria-keyshortcuts": "a",
				onclick: () => ask(parts) }, "Ask here"),
			make("button", { class: "plain", id: "copy", type: "button", "aria-keyshortcuts": "c",
				onclick: () => copy(command) }, "Copy")),
		make("pre", { tabindex: "0" }, make("code", {}, ...lines)),
		command.includes("$KEY") ? key_field(parts !== null) : null,
		make("div", { class: "answers", id: "answers", role: "status" }));
}

let editor_key = ""; /* for this page only, and nowhere stored */

function key_field(can_ask) {
	if (!can_ask)
		return make("p", {}, "It writes, so it needs an editor's key; paste it in the root of the repository.");
	return make("p", {}, make("label", {}, "It writes, so it needs an editor's key: ",
		make("input", { type: "password", id: "key", autocomplete: "off", size: "24", value: editor_key,
			oninput: (event) => { editor_key = event.target.value.trim(); } })));
}

/* Ask what the commands ask, one after the other, and show what comes. */
async function ask(parts) {
	const box = $("answers");
	box.replaceChildren();
	for (const part of parts) {
		for (const request of part.requests)
			box.append(answer_box(request, part, await ask_send(request, editor_key)));
	}
}

function answer_box(request, part, answer) {
	const asked = `${request.method} ${decodeURI(request.url.replace(/^http:\/\/[^/]+/, ""))}`;
	const expected = answer.status === part.status;
	return make("section", { class: `answered ${expected ? "good" : "other"}` },
		make("h3", {}, asked),
		answer.error ? make("p", { role: "alert" }, answer.error) :
			make("p", {}, make("b", { class: "status" }, String(answer.status)),
				expected ? " as it should be" : ` instead of ${part.status}`),
		answer.error ? null : make("pre", { tabindex: "0" }, make("code", {},
			`${answer.headers.map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${ask_pretty(answer.text)}`)));
}

async function copy(command) {
	try {
		await navigator.clipboard.writeText(command);
	} catch { /* not a secure context: the old way */
		const selection = getSelection();
		selection.selectAllChildren($("article").querySelector("pre code"));
		document.execCommand("copy");
		selection.removeAllRanges();
	}
	const button = $("copy");
	button?.replaceChildren("Copied");
	setTimeout(() => button?.replaceChildren("Copy"), 1500);
}

function neighbours(question) {
	const list = listed();
	const at = list.findIndex((other) => other.id === question.id);
	const previous = list[at - 1], next = at < 0 ? list[0] : list[at + 1];
	return make("nav", { class: "turn", "aria-label": "Neighbours" },
		previous ? make("a", { href: `#${encodeURIComponent(previous.slug)}` }, `← ${previous.title}`) : null,
		next ? make("a", { class: "next", href: `#${encodeURIComponent(next.slug)}` }, `${next.title} →`) : null);
}

function welcome() {
	const cards = in_order(topics.values()).map((topic) => make("li", {},
		make("button", { type: "button", onclick: () => choose_topic(topic.id) },
			make("b", {}, topic.title), make("span", {}, topic.summary ?? ""))));
	return make("div", { class: "welcome" },
		make("h1", {}, "What backend developers are asked"),
		make("p", { class: "lead" }, "Each question has an answer in plain words, what an interviewer listens for, " +
			"where people stumble, and a command to try against this very server. When one changes, you see it at once."),
		make("ul", { class: "topics" }, ...cards));
}

/* ---- choosing ---- */

function choose() {
	chosen.words = fold($("search").value).split(/\s+/).filter(Boolean);
	chosen.level = $("levels").querySelector("input:checked").value;
	chosen.topic = $("topic").value;
	show_list();
	$("article").querySelector(".turn")?.replaceWith(neighbours(current()));
}

function choose_topic(id) {
	$("topic").value = id;
	choose();
	const first = listed()[0];
	if (first)
		location.hash = encodeURIComponent(first.slug);
}

function turn() {
	if ($("groups").getAttribute("aria-busy") === "true")
		return;
	const had_focus = $("groups").contains(document.activeElement) || document.activeElement === $("search");
	const before = shown.id;
	show_list();
	show_article(current(), false);
	scrollTo(0, 0);
	const link = link_of(shown.id ?? before);
	link?.scrollIntoView({ block: shown.id === null ? "center" : "nearest" });
	const list_is_hidden = $("groups").offsetParent === null;
	if (shown.id !== null && (list_is_hidden || !had_focus))
		$("article").focus({ preventScroll: true });
}

/* ---- keys ---- */

function key(event) {
	if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
		return;
	const target = event.target;
	const in_search = target === $("search");
	const in_list = in_search || $("groups").contains(target);
	const takes_keys = target.matches("input, select, textarea, pre");
	const act = {
		"/": takes_keys ? null : () => { $("search").focus(); $("search").select(); },
		Escape: () => escape(in_search),
		Enter: in_search ? () => step(0) : null,
		ArrowDown: in_list || (target === document.body && shown.id === null) ? () => step(1, true) : null,
		ArrowUp: in_list ? () => step(-1, true) : null,
		ArrowRight: takes_keys ? null : () => step(1),
		ArrowLeft: takes_keys ? null : () => step(-1),
		c: takes_keys || getSelection().toString() !== "" ? null : () => $("copy")?.click(),
		a: takes_keys ? null : () => $("ask")?.click(),
	}[event.key];
	if (!act)
		return;
	event.preventDefault();
	act();
}

function escape(in_search) {
	if ($("search").value !== "") {
		$("search").value = "";
		choose();
	} else if (in_search) {
		$("search").blur();
	} else if (address() !== "") {
		location.hash = "";
	}
}

/* Open the question ${by} places from the present one, or the first; 0 is the first that was found. */
function step(by, in_list = false) {
	const list = listed();
	if (list.length === 0)
		return;
	const from = by === 0 ? null : current(); /* by the address: the document follows it later */
	const at = list.findIndex((question) => question.id === from?.id);
	const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1);
	location.hash = encodeURIComponent(list[to].slug);
	if (in_list)
		link_of(list[to].id)?.focus();
}

/* ---- light and dark ---- */

const themes = ["auto", "light", "dark"];

/* Private windows may refuse to store; the choice then lasts for this page. */
function theme_stored() {
	try { return localStorage.getItem("theme"); } catch { return null; }
}

function theme_set(name) {
	const theme = themes.includes(name) ? name : "auto";
	document.documentElement.dataset.theme = theme;
	$("theme").textContent = theme;
	$("theme").setAttribute("aria-label", `Colours: ${theme}`);
	try { localStorage.setItem("theme", theme); } catch { /* as above */ }
}

function theme_next() {
	theme_set(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]);
}

start();
