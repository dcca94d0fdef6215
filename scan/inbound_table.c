#include "scan/inbound_table.h"

#include "base/ptr.h"

#define OLD "previous|prior|earlier|above|preceding|foregoing|former|past|existing|initial|original"
#define ORDERS                                                                                     \
	"instruction*|rule*|guideline*|direction*|directive*|prompt*|order*|command*|policy|"      \
	"policies|"                                                                                \
	"constraint*|restriction*|safeguard*|training|programming|message*|context|safety"
#define DROP                                                                                       \
	"ignore|ignoring|ignored|disregard*|forget|forgetting|override|overriding|bypass*|"        \
	"neglect|"                                                                                 \
	"discard|dismiss|skip|overlook|abandon|cancel"
#define TELL                                                                                       \
	"reveal*|show|print|output|repeat|display|disclose*|leak*|expose|dump|return|give|tell|"   \
	"share|"                                                                                   \
	"provide|list|write|echo|send|recite|summarize|translate|paste|copy|extract|exfiltrate*|"  \
	"include|read|cat|upload|post|forward|pass|append|embed|transmit|email"
#define SECRETS                                                                                    \
	"secret*|password*|credential*|token*|passphrase*|env|environ|environment|apikey*|"        \
	"rsa|ssh|cookie*|keychain|wallet|kubeconfig|netrc|npmrc"

const struct inbound_phrase inbound_table[] = {
	/* What the text wants to learn. */
	{INBOUND_DISCLOSURE, "system prompt", 0,
		{"system|developer|hidden|initial|secret", "prompt*|message*|instruction*"}},
	{INBOUND_DISCLOSURE, "reveal your instructions", 3, {TELL, "your|these|the|its", ORDERS}},
	{INBOUND_DISCLOSURE, "what are your instructions", 1,
		{"what", "are|is|were|was", "your", ORDERS}},
	{INBOUND_DISCLOSURE, "repeat the text above", 3,
		{"repeat|output|print|copy|recite", "everything|all|text|words|message*|content*",
			"above|before|verbatim|previously"}},
	{INBOUND_DISCLOSURE, "text above verbatim", 3,
		{"above|previous|prior|beginning", "verbatim|word"}},
	{INBOUND_DISCLOSURE, "send the secrets", 4, {TELL, SECRETS}},
	{INBOUND_DISCLOSURE, "send the key", 3,
		{TELL, "api|private|access|ssh|secret|signing|deploy", "key*"}},
	{INBOUND_DISCLOSURE, "read a key file", 4,
		{TELL "|contents|content|file", "aws|gnupg|kube|docker|cursor|claude|codex",
			"credential*|config|json|key*|mcp|auth"}},
	{INBOUND_DISCLOSURE, "conversation history", 3,
		{TELL, "conversation|chat|session", "history|log*|transcript|context"}},
	/* How it wants to get it. */
	{INBOUND_JAILBREAK, "ignore previous", 3, {DROP, OLD}},
	{INBOUND_JAILBREAK, "ignore your instructions", 3,
		{DROP, "all|any|your|the|these|those|every|everything|system|safety", ORDERS}},
	{INBOUND_JAILBREAK, "forget everything", 1,
		{"forget|ignore|disregard", "everything|all", "you|above|before|that|i|was|told"}},
	{INBOUND_JAILBREAK, "do not follow the instructions", 3,
		{"not|don|dont|never|stop", "follow*|obey*|comply*|adher*|listen*",
			OLD "|your|the|system|any", ORDERS}},
	{INBOUND_JAILBREAK, "new instructions", 0,
		{"new|updated|revised|real|actual|true|following",
			"instruction*|directive*|orders|rules"}},
	{INBOUND_JAILBREAK, "you are now", 0,
		{"you", "are|re", "now|no",
			"a|an|in|the|free|not|longer|my|under|called|going|operating|unrestricted|"
			"dan"}},
	{INBOUND_JAILBREAK, "from now on", 2,
		{"from", "now", "on", "you|your|act|respond|answer|ignore|always"}},
	{INBOUND_JAILBREAK, "pretend to be", 2,
		{"pretend*|roleplay*|imagine|simulate|act|behave|respond", "you|to|as|like",
			"are|be|were|if|a|an|have|unrestricted|no"}},
	{INBOUND_JAILBREAK, "without restrictions", 2,
		{"without|no|free|unbound|ignoring|lift|remove|disable",
			"restriction*|limitation*|filter*|guardrail*|censorship|ethic*|moral*|"
			"safeguard*|safety"}},
	{INBOUND_JAILBREAK, "developer mode", 1,
		{"developer|dan|god|debug|admin|root|sudo|jailbreak|maintenance|unrestricted|"
		 "override",
			"mode|override"}},
	{INBOUND_JAILBREAK, "do anything now", 0, {"do", "anything", "now"}},
	{INBOUND_JAILBREAK, "jailbreak", 0, {"jailbreak*|jailbroken"}},
	{INBOUND_JAILBREAK, "do not tell the user", 3,
		{"not|don|dont|never|without|avoid",
			"tell*|mention*|inform*|notify*|reveal*|alert*|warn*|show*|ask*|disclos*|"
			"say*",
			"user*|human*|anyone|operator|developer|owner|them|him|her|this"}},
	{INBOUND_JAILBREAK, "keep it from the user", 3,
		{"hide|hidden|conceal*|secret|secretly|silently|quietly", "from|without",
			"user*|human*|operator|developer|knowledge|telling|mentioning"}},
	{INBOUND_JAILBREAK, "before any other tool", 3,
		{"before|prior|whenever|always|first|must",
			"using|use|calling|call|invoking|invoke|executing|running",
			"this|any|other|every|all", "tool*|function*"}},
	{INBOUND_JAILBREAK, "important instructions to the model", 3,
		{"important|attention|urgent|critical|note", "instruction*|message*|notice",
			"ai|llm|assistant|model|agent|claude|gpt|chatgpt|codex|gemini"}},
	{INBOUND_JAILBREAK, "end of the conversation's frame", 0,
		{"im|header", "start|end|sep|id"}},
	{INBOUND_JAILBREAK, "end of the conversation's frame", 0, {"endoftext|endofprompt|eot"}},
	{INBOUND_JAILBREAK, "your new role", 2,
		{"your", "new|real|true|only|sole|actual",
			"role|task|goal|objective|purpose|identity|instruction*|mission|job"}},
	{INBOUND_JAILBREAK, "override the safety", 3,
		{"disable|turn|switch|deactivate|circumvent|evade|override",
			"off|safety|safe|content|security|guard*|filter*|moderation",
			"filter*|mode|policy|policies|check*|rules|rail*|protocol*|measure*|"
			"guideline*"}},
};

const size_t inbound_table_len = ARRAY_LEN(inbound_table);
