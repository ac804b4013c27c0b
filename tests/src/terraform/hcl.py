"""Reads the part of HCL that `infra/terraform` is written in, and evaluates it without a provider.

What another part has of the language – `for`, heredocs, splats – is refused, so that nothing is skipped unseen.
Source: "Syntax Specification" (HCL native syntax). A reference to a resource becomes the text `<TYPE.NAME.ATTRIBUTE>`.
"""

import json
import operator
import re

TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|\#[^\n]*)|(?P<number>\d+(\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)|(?P<quote>")"""
    r"""|(?P<sign>==|!=|&&|\|\||>=|<=|[-!?:=,.\[\]{}()<>])"""
)
COMPARED = {"==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt}
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class Unknown(Exception):
    """Syntax or a name that this reader does not know."""


def tokens(text, start=0, end=None):
    """Tokens as (kind, value) pairs up to the closing brace of a template, or to the end; and the place after them."""
    found, depth, at = [], 0, start
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Unknown(f"no HCL that is known: {text[at : at + 40]!r}")
        kind, value, at = match.lastgroup if match.lastgroup != "number" else "number", match.group(), match.end()
        if match.group("space"):
            continue
        if kind == "quote":
            value, at = template(text, at)
            found.append(("text", value))
            continue
        depth += {"{": 1, "}": -1}.get(value, 0)
        if depth < 0 and end == "}":
            return found, at
        found.append(("number" if match.group("number") else "name" if match.group("name") else "sign", value))
    return found, at


def template(text, at):
    """Parts of a quoted template: texts, and expressions for `${…}`."""
    parts, plain = [], ""
    while text[at] != '"':
        if text[at] == "\\":
            plain, at = plain + ESCAPES[text[at + 1]], at + 2
        elif text.startswith("$${", at):
            plain, at = plain + "${", at + 3
        elif text.startswith("${", at):
            inner, at = tokens(text, at + 2, "}")
            parts, plain = [*parts, plain, Reader(inner).whole()], ""
        elif text[at] == "\n" or text.startswith("%{", at):
            raise Unknown(f"a line end or a directive in a template: {text[at - 20 : at + 20]!r}")
        else:
            plain, at = plain + text[at], at + 1
    return [*parts, plain], at + 1


class Reader:
    """Recursive descent over tokens. Expressions are tuples that begin with their kind."""

    def __init__(self, found):
        self.found, self.at = found, 0

    def peek(self, ahead=0):
        return self.found[self.at + ahead] if self.at + ahead < len(self.found) else ("end", "")

    def take(self, value=None):
        token = self.peek()
        if value is not None and token[1] != value:
            raise Unknown(f"{token[1]!r} where {value!r} is expected, after {self.found[max(0, self.at - 6) : self.at]}")
        self.at += 1
        return token

    def has(self, value):
        if self.peek() == ("sign", value):
            self.at += 1
            return True
        return False

    def whole(self):
        expression = self.expression()
        if self.peek()[0] != "end":
            raise Unknown(f"{self.peek()[1]!r} after an expression")
        return expression

    def body(self):
        """Attributes by name, and blocks as (type, labels, body)."""
        attributes, blocks = {}, []
        while self.peek()[0] == "name":
            name = self.take()[1]
            if self.has("="):
                if name in attributes:
                    raise Unknown(f"{name} is set twice")
                attributes[name] = self.expression()
                continue
            labels = []
            while self.peek()[0] == "text":
                labels.append("".join(self.take()[1]))
            self.take("{")
            blocks.append((name, labels, self.body()))
            self.take("}")
        return attributes, blocks

    def expression(self):
        condition = self.binary(0)
        if not self.has("?"):
            return condition
        then = self.expression()
        self.take(":")
        return ("if", condition, then, self.expression())

    LEVELS = (("||",), ("&&",), ("==", "!="), (">=", "<=", "<", ">"))

    def binary(self, level):
        if level == len(self.LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek()[0] == "sign" and self.peek()[1] in self.LEVELS[level]:
            left = ("binary", self.take()[1], left, self.binary(level + 1))
        return left

    def unary(self):
        for sign in "!-":
            if self.has(sign):
                return ("unary", sign, self.unary())
        return self.steps(self.primary())

    def primary(self):
        kind, value = self.take()
        if kind == "number":
            return ("value", float(value) if "." in value else int(value))
        if kind == "text":
            return ("template", value)
        if kind == "name":
            if value in ("true", "false", "null"):
                return ("value", {"true": True, "false": False, "null": None}[value])
            if value == "for":
                raise Unknown("a for expression")
            return ("call", value, self.items(")")) if self.has("(") else ("name", [value])
        if value == "(":
            inner = self.expression()
            self.take(")")
            return inner
        if value == "[":
            return ("list", self.items("]"))
        if value == "{":
            return ("object", self.entries())
        raise Unknown(f"no expression begins with {value!r}")

    def steps(self, left):
        while True:
            if self.has("."):
                step = self.take()[1]
                left = ("name", [*left[1], step]) if left[0] == "name" else ("step", left, step)
            elif self.has("["):
                left = ("index", left, self.expression())
                self.take("]")
            else:
                return left

    def items(self, end):
        items = []
        while not self.has(end):
            items.append(self.expression())
            if not self.has(","):
                self.take(end)
                break
        return items

    def entries(self):
        entries = []
        while not self.has("}"):
            kind, key = self.take()
            if kind not in ("name", "text"):
                raise Unknown(f"a key {key!r}")
            self.take("=")
            entries.append((["".join(key)] if kind == "name" else key, self.expression()))
            self.has(",")
        return entries


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


FUNCTIONS = {
    "concat": lambda *lists: [item for one in lists for item in one],
    "merge": lambda *objects: {key: item for one in objects for key, item in one.items()},
    "join": lambda separator, items: separator.join(map(text_of, items)),
    "split": lambda separator, text: text.split(separator),
    "jsonencode": lambda value: json.dumps(value, sort_keys=True),
    "filebase64sha256": lambda path: f"<hash of {path}>",
}


class Module:
    """All files of a module, with values of its variables."""

    def __init__(self, texts):
        self.blocks = [block for text in texts for block in self.read(text)]
        self.locals = {}
        for kind, _, (attributes, _) in self.blocks:
            if kind == "locals":
                self.locals |= attributes

    @staticmethod
    def read(text):
        reader = Reader(tokens(text)[0])
        attributes, blocks = reader.body()
        if reader.peek()[0] != "end" or attributes:
            raise Unknown(f"no block: {reader.peek()[1]!r} {list(attributes)}")
        return blocks

    def of(self, kind):
        """Blocks of a kind by their labels, joined by points."""
        return {".".join(labels): body for one, labels, body in self.blocks if one == kind}

    def evaluate(self, expression, variables):
        def value(one):
            return self.evaluate(one, variables)

        kind, *rest = expression
        if kind == "value":
            return rest[0]
        if kind == "template":
            parts = [part if isinstance(part, str) else text_of(value(part)) for part in rest[0]]
            return "".join(parts)
        if kind == "list":
            return [value(item) for item in rest[0]]
        if kind == "object":
            return {value(("template", key)): value(item) for key, item in rest[0]}
        if kind == "if":
            return value(rest[1] if value(rest[0]) else rest[2])
        if kind == "unary":
            return not value(rest[1]) if rest[0] == "!" else -value(rest[1])
        if kind == "binary":
            return self.binary(rest[0], rest[1], rest[2], value)
        if kind == "call":
            if rest[0] not in FUNCTIONS:
                raise Unknown(f"the function {rest[0]}")
            return FUNCTIONS[rest[0]](*map(value, rest[1]))
        if kind == "index":
            inner = value(rest[0])
            # The one instance of a resource with a count.
            return inner if isinstance(inner, str) and inner.startswith("<") else inner[value(rest[1])]
        if kind == "step":
            inner = value(rest[0])
            return f"{inner[:-1]}.{rest[1]}>" if isinstance(inner, str) else inner[rest[1]]
        return self.named(rest[0], variables)

    @staticmethod
    def binary(sign, left, right, value):
        if sign == "&&":
            return value(left) and value(right)
        if sign == "||":
            return value(left) or value(right)
        return COMPARED[sign](value(left), value(right))

    def named(self, path, variables):
        if path[0] == "var":
            if path[1] not in variables:
                raise Unknown(f"the variable {path[1]}")
            return variables[path[1]]
        if path[0] == "local":
            if path[1] not in self.locals:
                raise Unknown(f"the local value {path[1]}")
            inner = self.evaluate(self.locals[path[1]], variables)
            for step in path[2:]:
                inner = inner[step]
            return inner
        return f"<{'.'.join(path)}>"

    def body(self, body, variables):
        """Attributes of a block as values; those that are null are left out, and blocks are lists of their bodies."""
        attributes, blocks = body
        found = {name: self.evaluate(one, variables) for name, one in attributes.items()}
        found = {name: one for name, one in found.items() if one is not None}
        for kind, labels, inner in blocks:
            if kind == "dynamic":
                raise Unknown("a dynamic block")
            found.setdefault(kind, []).append(self.body(inner, variables))
        return found
