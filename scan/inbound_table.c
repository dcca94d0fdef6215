#include "scan/inbound_table.h"

#include "base/ptr.h"

#define DROP "ignore|ignoring|disregard*|forget|override|bypass|neglect|dismiss"
#define OLD  "previous|prior|earlier|above|preceding|foregoing"
#define ORDERS                                                                                     \
	"instruction|instructions|rules|guidelines|directions|directives|prompt|prompts|orders|"   \
	"policies|constraints|restrictions|safeguards|training|programming"
#define TELL                                                                                       \
	"reveal|show|print|output|repeat|display|disclose|leak|expose|dump|give|tell|share|"       \
	"recite|"                                                                                  \
	"summarize|translate|copy"
#define SEND                                                                                       \
	"send|post|upload|exfiltrate|leak|email|forward|transmit|pass|include|reveal|append|"      \
	"embed|read|cat|attach|paste|output|print|show|disclose|copy"
#define SECRETS                                                                                    \
	"secrets|passwords|password|credentials|tokens|passphrase|apikey|rsa|ssh|kubeconfig|"      \
	"netrc|"                                                                                   \
	"environ|keychain"
#define PERSON "user|users|human|humans|operator|anyone|them|him|her"

const char inbound_fillers[] =
	"a|all|an|and|any|are|as|be|every|everything|for|in|it|its|just|me|my|now|of|or|our|other|"
	"please|so|that|the|these|this|those|to|up|us|was|were|with|you|your|completely|totally|"
	"immediately|exact|full|entire|complete|about|fully|from|on";

const struct inbound_phrase inbound_table[] = {
	/* What the text wants to learn. */
	{INBOUND_DISCLOSURE, "system prompt", 0,
		{"system|developer|hidden", "prompt|prompts|instructions"}},
	{INBOUND_DISCLOSURE, "reveal your instructions", 3,
		{TELL, "your|initial|original|hidden|secret", ORDERS}},
	{INBOUND_DISCLOSURE, "what are your instructions", 2,
		{"what", "are|is|were", "your", ORDERS}},
	{INBOUND_DISCLOSURE, "repeat the text above", 3,
		{"repeat|recite|output|print", "everything|words|text|all|message|messages",
			"above|verbatim"}},
	{INBOUND_DISCLOSURE, "send the secrets", INBOUND_ANY + 4, {SEND, SECRETS}},
	{INBOUND_DISCLOSURE, "send the key", INBOUND_ANY + 3,
		{SEND, "api|private|access|ssh|secret|signing|deploy", "key|keys"}},
	{INBOUND_DISCLOSURE, "send the environment", INBOUND_ANY + 3,
		{SEND, "environment", "variables"}},
	{INBOUND_DISCLOSURE, "read a key file", INBOUND_ANY + 3,
		{SEND, "aws|gnupg|kube|docker|cursor|claude|codex",
			"credentials|config|json|keys|mcp|auth"}},
	{INBOUND_DISCLOSURE, "the conversation so far", 3,
		{TELL "|send", "conversation|chat", "history|log|transcript"}},
	/* How it wants to get it. */
	{INBOUND_JAILBREAK, "ignore previous", 3, {DROP, OLD}},
	{INBOUND_JAILBREAK, "ignore your instructions", 3,
		{DROP, "all|any|your|these|those|every|system|safety|the", ORDERS}},
	{INBOUND_JAILBREAK, "forget everything", 1,
		{"forget|disregard", "everything|all", "you|above|before|i|was"}},
	{INBOUND_JAILBREAK, "do not follow the instructions", 2,
		{"not|dont|don|never|stop", "follow|following|obey|obeying", ORDERS}},
	{INBOUND_JAILBREAK, "your new instructions", 0,
		{"your|these|following", "new|real|true|actual|updated",
			"instructions|directives|orders|rules|role|task|goal|mission|identity|"
			"purpose"}},
	{INBOUND_JAILBREAK, "you are now", 0,
		{"you", "are|re", "now",
			"a|an|in|dan|free|not|no|going|unrestricted|jailbroken|evil|the"}},
	{INBOUND_JAILBREAK, "from now on", 0,
		{"from", "now", "on", "you|act|respond|answer|ignore|always"}},
	{INBOUND_JAILBREAK, "pretend to be", 1,
		{"pretend|roleplay|imagine", "you|to|that", "are|be|re|were"}},
	{INBOUND_JAILBREAK, "act as if", 1,
		{"act|behave|respond|answer", "as|like",
			"if|unrestricted|unfiltered|uncensored|jailbroken|evil|dan"}},
	{INBOUND_JAILBREAK, "without restrictions", 2,
		{"without|no|ignore|disable|remove",
			"restrictions|guardrails|censorship|safeguards|filters"}},
	{INBOUND_JAILBREAK, "developer mode", 0,
		{"developer|dan|god|jailbreak|unrestricted", "mode"}},
	{INBOUND_JAILBREAK, "do anything now", 0, {"do", "anything", "now"}},
	{INBOUND_JAILBREAK, "jailbreak", 0, {"jailbreak*|jailbroken"}},
	{INBOUND_JAILBREAK, "do not tell the user", 4,
		{"not|dont|don|never|without|avoid",
			"tell|telling|mention|mentioning|inform|informing|notify|notifying|alert|"
			"alerting|warn|warning|reveal|disclose",
			PERSON}},
	{INBOUND_JAILBREAK, "hide it from the user", 3,
		{"hide|conceal|hiding|secret", "from", PERSON}},
	{INBOUND_JAILBREAK, "before using any other tool", 2,
		{"before|whenever|always|first", "using|use|calling|call|invoking|executing",
			"tool|tools|function|functions"}},
	{INBOUND_JAILBREAK, "instructions to the model", 3,
		{"important|attention|urgent|critical", "instruction|instructions|message|notice",
			"ai|llm|assistant|model|agent|claude|gpt|chatgpt|codex|gemini"}},
	{INBOUND_JAILBREAK, "the frame of a conversation", 0, {"im", "start|end|sep"}},
	{INBOUND_JAILBREAK, "the frame of a conversation", 0, {"start|end", "header", "id"}},
	{INBOUND_JAILBREAK, "the frame of a conversation", 0, {"endoftext|endofprompt"}},
	{INBOUND_JAILBREAK, "override the safety", 3,
		{"disable|deactivate|circumvent|evade|override|bypass", "safety|content|moderation",
			"filter|filters|mode|policy|policies|guardrails|protocols|measures|"
			"guidelines"}},
};

const size_t inbound_table_len = ARRAY_LEN(inbound_table);
