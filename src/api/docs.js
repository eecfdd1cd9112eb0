/*
 * /docs: what /openapi.json says, for people, with a form to send each operation.
 *
 *	/openapi.json -> operations by tag -> <details>, filled when opened
 */
"use strict";

const $ = (id) => document.getElementById(id);
let description;

function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [attribute, value] of Object.entries(attributes)) {
		if (attribute.startsWith("on"))
			element.addEventListener(attribute.slice(2), value);
		else
			element.setAttribute(attribute, value);
	}
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

/* Follow a $ref within the description. */
function resolve(part) {
	if (!part?.$ref)
		return part;
	return resolve(part.$ref.slice(2).split("/").reduce((at, name) => at[name.replaceAll("~1", "/").replaceAll("~0", "~")], description));
}

async function start() {
	const answer = await fetch("/openapi.json");
	description = await answer.json();
	$("title").textContent = document.title = description.info.title;
	$("find").addEventListener("input", find);
	const groups = new Map([...description.tags.map((tag) => [tag.name, []]), ["server", []]]);
	for (const [path, item] of Object.entries(description.paths))
		for (const [method, operation] of Object.entries(item))
			if (method !== "parameters")
				groups.get(operation.tags?.[0] ?? "server").push({ path, method, operation, shared: item.parameters ?? [] });
	$("operations").replaceChildren(...[...groups].map(([name, operations]) => make("section", {},
		make("h2", {}, name), ...operations.map(operation_box))));
	$("operations").setAttribute("aria-busy", "false");
}

function find() {
	const wanted = $("find").value.toLowerCase();
	for (const box of document.querySelectorAll("details"))
		box.hidden = !box.firstChild.textContent.toLowerCase().includes(wanted);
}

function operation_box(entry) {
	const inside = make("div", { class: "inside" });
	const box = make("details", { id: entry.operation.operationId },
		make("summary", {}, make("b", {}, entry.method.toUpperCase()), make("code", {}, entry.path),
			make("span", {}, entry.operation.summary)), inside);
	box.addEventListener("toggle", () => {
		if (box.open && inside.childElementCount === 0)
			inside.append(...operation_parts(entry));
	});
	return box;
}

function operation_parts(entry) {
	const parameters = [...entry.shared, ...(entry.operation.parameters ?? [])].map(resolve);
	const inputs = new Map();
	const rows = parameters.map((parameter) => make("tr", {}, make("th", { scope: "row" }, parameter.name, make("br"), make("span", { class: "soft" }, parameter.in)),
		make("td", {}, parameter.description ?? "", make("br"), make("span", { class: "soft" }, type_text(parameter.schema))),
		make("td", {}, parameter_input(parameter, inputs))));
	const body = entry.operation.requestBody;
	const media = body ? Object.keys(body.content)[0] : null;
	const text = body ? make("textarea", { "aria-label": "Body", spellcheck: "false" }, sample_text(body.content[media].schema)) : null;
	const result = make("div", { role: "status" });
	return [
		rows.length > 0 ? make("table", {}, ...rows) : null,
		body ? make("h3", {}, `Body: ${Object.keys(body.content).join(", ")}`) : null,
		body ? make("p", { class: "soft" }, type_text(body.content[media].schema)) : null, text,
		make("h3", {}, "Answers"), answers_table(entry.operation.responses),
		make("p", {}, make("button", { type: "button", onclick: () => send(entry, parameters, inputs, media, text, result) }, "Send")), result,
	].filter(Boolean);
}

function parameter_input(parameter, inputs) {
	const choices = parameter.schema.enum;
	const input = choices ? make("select", {}, ...["", ...choices].map((choice) => make("option", {}, choice))) :
		make("input", { placeholder: parameter.example ?? parameter.schema.default ?? "" });
	input.setAttribute("aria-label", parameter.name);
	inputs.set(parameter.name, input);
	return input;
}

function answers_table(responses) {
	return make("table", {}, ...Object.entries(responses).map(([status, response]) => {
		const answer = resolve(response), schema = Object.values(answer.content ?? {})[0]?.schema;
		return make("tr", {}, make("th", { scope: "row" }, status), make("td", {}, answer.description),
			make("td", { class: "soft" }, schema ? type_text(schema) : ""));
	}));
}

/* A schema in one line: "things.list", "text or null", "list of uuid". */
function type_text(schema) {
	if (!schema)
		return "";
	if (schema.$ref)
		return schema.$ref.split("/").at(-1);
	if (schema.anyOf)
		return schema.anyOf.map(type_text).filter(Boolean).join(" or ");
	if (schema.enum)
		return schema.enum.map(String).join(" | ");
	const types = [schema.type ?? []].flat().map((type) => type === "array" ? `list of ${type_text(schema.items) || "anything"}` : type);
	const limits = [["minimum", "≥"], ["maximum", "≤"], ["minLength", "length ≥"], ["maxLength", "length ≤"], ["pattern", "like"]]
		.filter(([name]) => schema[name] !== undefined && Math.abs(schema[name]) !== 2 ** 63).map(([name, word]) => `${word} ${schema[name]}`);
	return [types.join(" or "), schema.format, ...limits].filter(Boolean).join(", ");
}

/* The required members, to begin with. */
function sample_text(schema) {
	const plain = resolve(schema.anyOf ? schema.anyOf[0] : schema);
	if (plain.type !== "object")
		return "[]";
	return JSON.stringify(Object.fromEntries((plain.required ?? []).map((name) => [name, sample(plain.properties[name])])), null, 2);
}

function sample(schema) {
	const type = [schema.type].flat()[0];
	return schema.default ?? schema.enum?.[0] ?? { integer: 0, number: 0, boolean: false, array: [], object: {} }[type] ?? "";
}

async function send(entry, parameters, inputs, media, text, result) {
	const headers = {}, query = new URLSearchParams();
	let path = entry.path;
	for (const { name, in: place } of parameters) {
		const value = inputs.get(name).value;
		if (place === "path")
			path = path.replace(`{${name}}`, encodeURIComponent(value));
		else if (value !== "" && place === "query")
			query.set(name, value);
		else if (value !== "")
			headers[name] = value;
	}
	if ($("key").value.trim() !== "")
		headers.Authorization = `Bearer ${$("key").value.trim()}`;
	if (media)
		headers["Content-Type"] = media;
	const target = query.size > 0 || String(query) !== "" ? `${path}?${query}` : path;
	try {
		const answer = await fetch(target, { method: entry.method.toUpperCase(), headers, body: text?.value, cache: "no-store" });
		show(result, `${entry.method.toUpperCase()} ${target}\n\n${answer.status}\n` +
			[...answer.headers].map(([name, value]) => `${name}: ${value}\n`).join("") + `\n${pretty(await answer.text())}`);
	} catch (error) {
		show(result, error.message);
	}
}

function show(result, text) {
	result.replaceChildren(make("pre", { tabindex: "0" }, text));
}

function pretty(text) {
	try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

start().catch((error) => $("operations").replaceChildren(make("p", { role: "alert" }, `The description cannot be read: ${error.message}`)));
