#ifndef EGRESS_WHY_H
#define EGRESS_WHY_H

/*
 * `bottle-egress why`: what would become of a request, by the very code that decides about one.
 * Run by the operator's `bottle why`; has no secret, no socket and no file.
 *
 * Standard input, JSON: {"policy": as COMPONENT_CONFIG, "method", "url", "headers": ["Name:
 * value"]}. Standard output, JSON: {"verdict": "allowed" or "refused", "method", "url", "host",
 * "port", "route", "rule", and, when allowed, "credential" and "scanning"; when refused, "answer":
 * what the agent would get, "status", and "near": hosts that may have been meant}; or {"error"}:
 * the question is none. The exit status is 0 when there is an answer, else 1.
 */
int why_main(void);

#endif
