#include "scan/placeholder.h"

#include <string.h>
#include <strings.h>

#include "base/ptr.h"

#define LOOKED_AT   512 /* characters of a secret that are looked at */
#define REST_MAX    10	/* characters that may remain beside words and repetitions … */
#define VARIETY_MIN 4	/* different characters that a secret has at least */

/* By their first letter; longer ones first where one begins another. */
static const char *const words[26][12] = {
	['a' - 'a'] = {"access", "account", "anthropic", "admin", "auth", "api", "a"},
	['b' - 'a'] = {"bar", "baz"},
	['c' - 'a'] = {"credential", "client", "change"},
	['d' - 'a'] = {"default", "dummy", "demo"},
	['e' - 'a'] = {"example"},
	['f' - 'a'] = {"fake", "foo"},
	['g' - 'a'] = {"generate", "github", "gitlab", "google"},
	['h' - 'a'] = {"hidden", "here"},
	['i' - 'a'] = {"invalid", "insert", "is", "id"},
	['k' - 'a'] = {"key"},
	['l' - 'a'] = {"live"},
	['m' - 'a'] = {"mock", "my", "me"},
	['n' - 'a'] = {"none", "null", "not"},
	['o' - 'a'] = {"openai"},
	['p' - 'a'] = {"placeholder", "password", "passwd", "passphrase", "private", "project",
		"personal", "pass", "prod", "put", "pat"},
	['r' - 'a'] = {"replace", "redacted", "removed", "random", "real"},
	['s' - 'a'] = {"sample", "secret", "service", "slack", "stripe", "string", "some", "sha"},
	['t' - 'a'] = {"testing", "token", "this", "todo", "test", "the"},
	['u' - 'a'] = {"user"},
	['v' - 'a'] = {"value"},
	['w' - 'a'] = {"with"},
	['y' - 'a'] = {"your"},
};

static bool is_alpha(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* Whether b comes after a: abc, 123, 9 and then a. */
static bool follows(unsigned char a, unsigned char b)
{
	if (!(is_alpha(a) || is_digit(a)) || !(is_alpha(b) || is_digit(b)))
		return false;
	return b == a + 1 || (a == '9' && (b | 0x20) == 'a');
}

/* How many characters from here are one repeated, or a sequence up or down. */
static size_t run_len(const unsigned char *s, size_t len)
{
	size_t same = 1, up = 1, down = 1;

	while (same < len && s[same] == s[0])
		same++;
	while (up < len && follows(s[up - 1], s[up]))
		up++;
	while (down < len && follows(s[down], s[down - 1]))
		down++;
	if (same >= 3)
		return same;
	up = up > down ? up : down;
	return up >= 4 ? up : 0;
}

/* How long the word is that stands here, not within other letters when it is a short one. */
static size_t word_len(const unsigned char *s, size_t len, bool within)
{
	const char *const *word;

	if (!is_alpha(s[0]))
		return 0;
	for (word = words[(s[0] | 0x20) - 'a']; *word; word++) {
		size_t n = strlen(*word);

		if (n > len || strncasecmp((const char *)s, *word, n) != 0)
			continue;
		if (n > 3 || (!within && (n == len || !(is_alpha(s[n]) || is_digit(s[n])))))
			return n;
	}
	return 0;
}

/*
 * How many of the characters are no part of a word, a repetition, a sequence, and no sign; counted
 * until it is more than REST_MAX.
 */
static size_t rest_of(const unsigned char *s, size_t len)
{
	size_t rest = 0;

	for (size_t i = 0; i < len && rest <= REST_MAX;) {
		bool within = i > 0 && (is_alpha(s[i - 1]) || is_digit(s[i - 1]));
		size_t n = run_len(s + i, len - i);

		if (n == 0)
			n = word_len(s + i, len - i, within);
		if (n == 0) {
			rest += is_alpha(s[i]) || is_digit(s[i]);
			n = 1;
		}
		i += n;
	}
	return rest;
}

static size_t variety_of(const unsigned char *s, size_t len)
{
	bool seen[256] = {false};
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += !seen[s[i]];
		seen[s[i]] = true;
	}
	return n;
}

/* The same again and again, at least twice, as a whole. */
static bool is_periodic(const unsigned char *s, size_t len)
{
	for (size_t period = 1; period <= len / 2; period++)
		if (s[0] == s[period] && memcmp(s, s + period, len - period) == 0)
			return true;
	return false;
}

static bool is_number(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z')
			return false;
	return true;
}

bool placeholder_is(const unsigned char *s, size_t len)
{
	size_t rest;

	len = len < LOOKED_AT ? len : LOOKED_AT;
	if (len < 4)
		return true;
	if (variety_of(s, len) < VARIETY_MIN || is_periodic(s, len))
		return true;
	/* As AWS marks the keys of its documents. */
	if (len <= 48 && memmem(s, len, "EXAMPLE", 7))
		return true;
	rest = rest_of(s, len);
	/* Of ten digits, chance makes runs often. */
	return rest <= REST_MAX && rest * (is_number(s, len) ? 4 : 2) <= len;
}

/* ---- references */

static bool begins(const unsigned char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return n <= len && strncasecmp((const char *)s, with, n) == 0;
}

static bool ends(const unsigned char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return n <= len && strncasecmp((const char *)s + len - n, with, n) == 0;
}

/* word.word.word, without a digit: a member of something, which a program looks up. */
static bool is_member(const unsigned char *s, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && i > 0 && i + 1 < len && is_alpha(s[i + 1]))
			dots++;
		else if (!is_alpha(s[i]) && s[i] != '_')
			return false;
	}
	return dots > 0;
}

static bool is_expression(const unsigned char *s, size_t len)
{
	static const char *const begin[] = {"${", "$(", "{{", "#{", "<%", "%(",
		"$env:", "process.env", "os.environ", "os.getenv", "getenv(", "env(", "env[",
		"system.getenv", "std::env", "import.meta.env", "vault:", "secretref:", "!ref ",
		"op://"};

	for (size_t i = 0; i < ARRAY_LEN(begin); i++)
		if (begins(s, len, begin[i]))
			return true;
	return (len > 2 && s[0] == '<' && s[len - 1] == '>') ||
	       (len > 2 && s[0] == '%' && s[len - 1] == '%') ||
	       (len > 1 && s[0] == '$' && is_alpha(s[1]));
}

/* What stands before and behind the name of a variable. */
static bool is_bracketed(
	const unsigned char *text, size_t start, const unsigned char *behind, size_t behind_len)
{
	static const char *const pairs[][2] = {{"${", ""}, {"$(", ""}, {"{{", ""}, {"{{ ", ""},
		{"#{", ""}, {"<%= ", ""}, {"%(", ")"}, {"<", ">"}, {"%", "%"}, {"$", ""},
		{"$env:", ""}, {"process.env.", ""}, {"import.meta.env.", ""}, {"secrets.", ""}};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (ends(text, start, pairs[i][0]) && begins(behind, behind_len, pairs[i][1]))
			return true;
	return false;
}

bool placeholder_refers(const unsigned char *text, size_t len, size_t start, size_t end)
{
	const unsigned char *s = text + start;

	return is_expression(s, end - start) || is_member(s, end - start) ||
	       is_bracketed(text, start, text + end, len - end);
}
