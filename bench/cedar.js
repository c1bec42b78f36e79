// The peer for decisions: Cedar's WebAssembly build, given the same rules and requests.
// usage: node cedar.js RULES.yaml REQUESTS.jsonl SECONDS   (finds @cedar-policy/cedar-wasm by NODE_PATH)
// Prints decisions a second, and how many of the requests it decided as the requests file says.
"use strict";
const fs = require("fs");
const cedar = require("@cedar-policy/cedar-wasm/nodejs");

const ATTRIBUTES = ["recipient", "purpose", "basis", "data", "mode", "jurisdiction"];

// The YAML that `gate rules` prints is regular enough for this.
function readRules(text) {
  return text.split(/^  - /m).slice(1).map((part) => {
    const rule = {effect: part.match(/^(permit|forbid)/)[1], when: {}};
    for (const [, name, list] of part.matchAll(/^      (\w+): \[(.*)\]$/gm)) rule.when[name] = list.split(", ");
    return rule;
  });
}

// A permit applies to `unknown` only where it names it; a forbid in every line.
function toCedar(rule) {
  const terms = [], permits = rule.effect === "permit", set = (list) => JSON.stringify(list);
  for (const name of ATTRIBUTES) {
    if (rule.when[name]) terms.push(`${set(permits ? rule.when[name] : [...rule.when[name], "unknown"])}.contains(context.${name})`);
    else if (permits) terms.push(`context.${name} != "unknown"`);
  }
  if (rule.when.flag) terms.push(`context.flag.containsAny(${set(permits ? rule.when.flag : [...rule.when.flag, "unknown"])})`);
  if (permits && !(rule.when.flag || []).includes("unknown")) terms.push('!context.flag.contains("unknown")');
  return `${rule.effect}(principal, action, resource) when { ${terms.join(" && ")} };`;
}

const [rulesFile, requestsFile, seconds] = process.argv.slice(2);
const policies = readRules(fs.readFileSync(rulesFile, "utf8")).map(toCedar).join("\n");
const requests = fs.readFileSync(requestsFile, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const parsed = cedar.preparsePolicySet("rules", {staticPolicies: policies});
if (parsed.type !== "success") throw new Error(JSON.stringify(parsed));

function decide({permitted, ...context}) {
  const answer = cedar.statefulIsAuthorized({
    principal: {type: "P", id: "p"}, action: {type: "Action", id: "a"}, resource: {type: "R", id: "r"},
    context, preparsedPolicySetId: "rules", entities: []});
  if (answer.type !== "success") throw new Error(JSON.stringify(answer));
  return answer.response.decision === "allow";
}

let agreed = 0, n = 0;
for (const request of requests) agreed += decide(request) === request.permitted;
const began = process.hrtime.bigint();
while (Number(process.hrtime.bigint() - began) < Number(seconds) * 1e9) for (let i = 0; i < 64; i++) decide(requests[n++ % requests.length]);
const spent = Number(process.hrtime.bigint() - began) / 1e9;
console.log(JSON.stringify({kind: "cedar", per_second: Math.round(n / spent), agreed, of: requests.length}));
