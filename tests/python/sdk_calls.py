"""Finds in the Rust source which calls of the AWS SDK the functions make.

A call is a fluent builder, `client.get_object()…send()`. Every `.send()` in a crate that depends on the SDK must belong to a
call of the caller's table, in the same Rust function. A Rust function reaches another one if it uses its name, so the result may
contain too many functions, but not too few.
"""

import dataclasses
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FUNCTIONS = ("intake", "poll", "finalize")

# Comments, raw strings, strings, characters (a lifetime has no closing quote).
TEXT = re.compile(r"""//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\'|\\[^']+|[^'\\])'""", re.DOTALL)
HTTP = re.compile(r"\b(?:http|web)\s*\.(?:get|post|request)\(")
# Ways to send a request that this scan does not find.
UNKNOWN_WAYS = re.compile(r"\.(send_with\w*|presigned|customize|orchestrate\w*|wait_until_\w+)\(")


@dataclasses.dataclass(frozen=True)
class Function:
    """A Rust function: its place, whether other crates see it, and its body without comments and strings."""

    crate: str
    file: str
    name: str
    public: bool
    of_trait: bool
    body: str

    @property
    def names(self):
        """The names that it calls or passes on: `name(`, `name::<`, `::name`, `(name)`."""
        return set(re.findall(r"\b\w+(?=\s*\(|::<)|(?<=::)\w+|(?<=\()\w+(?=\))", self.body))


def braces(code, start):
    """The end of the block that opens at `start`."""
    depth = 0
    for at in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    raise ValueError(f"the brace at offset {start} is not closed")


def without_tests(code):
    while found := re.search(r"#\[cfg\(test\)\]\s*mod \w+ *([{;])", code):
        end = braces(code, found.start(1)) if found[1] == "{" else found.end()
        code = code[: found.start()] + code[end:]
    return code


def functions_of(crate, file, text):
    code = without_tests(TEXT.sub(lambda found: '""' if found[0][-1] in "\"'" else " ", text))
    traits = [(found.start(), braces(code, found.end() - 1)) for found in re.finditer(r"\bimpl\b[^{};]*\bfor\b[^{};]*\{", code)]
    for found in re.finditer(r"(\bpub )?((?:const |async |unsafe )*)fn (\w+)", code):
        # The start of the body. The semicolon of an array's type does not end the declaration.
        body = re.compile(r"\[[^\]]*\]|[{;]").search(code, found.end())
        while body and body[0].startswith("["):
            body = re.compile(r"\[[^\]]*\]|[{;]").search(code, body.end())
        if body and body[0] == "{":
            of_trait = any(start < found.start() < end for start, end in traits)
            block = code[body.start() : braces(code, body.start())]
            yield Function(crate, file, found[3], bool(found[1]), of_trait, block)


class Source:
    """The crates of the functions and what they depend on."""

    def __init__(self, root=ROOT):
        self.dependencies, self.functions = {}, []
        manifests = sorted([*root.glob("crates/*/Cargo.toml"), *root.glob("functions/*/Cargo.toml")])
        for manifest in manifests:
            manifest_text = tomllib.loads(manifest.read_text(encoding="utf-8"))
            crate = manifest_text["package"]["name"]
            self.dependencies[crate] = set(manifest_text.get("dependencies", {}))
            for file in sorted((manifest.parent / "src").rglob("*.rs")):
                if file.name != "tests.rs":
                    text = file.read_text(encoding="utf-8")
                    self.functions += functions_of(crate, str(file.relative_to(root)), text)

    def below(self, crate):
        """The crate and the project's crates that it depends on."""
        found, rest = set(), [crate]
        while rest:
            if (one := rest.pop()) not in found:
                found.add(one)
                rest += self.dependencies[one] & set(self.dependencies)
        return found

    def speaks_to_aws(self, crate):
        return any(name.startswith("aws-sdk-") for name in self.dependencies[crate])

    def reached_by(self, crate):
        """Every Rust function that a Lambda function may run: all of its own, and those of its dependencies by name."""
        crates = self.below(crate)
        candidates = [function for function in self.functions if function.crate in crates]
        reached, rest = set(), [one for one in candidates if one.crate == crate or one.of_trait]
        while rest:
            if (one := rest.pop()) not in reached:
                reached.add(one)
                names, seen = one.names, self.below(one.crate)
                rest += [
                    other
                    for other in candidates
                    if other.name in names and (other.crate == one.crate or (other.public and other.crate in seen))
                ]
        return reached

    def calls_of(self, crate, known):
        """{call: files} of the known calls that this Lambda function can make."""
        calls = {}
        for function in self.reached_by(crate):
            for call in known_calls(function, known) if self.speaks_to_aws(function.crate) else ():
                calls.setdefault(call, set()).add(function.file)
        return calls

    def unknown(self, known):
        """A message for each function that sends something other than the known calls."""
        for function in self.functions:
            if not self.speaks_to_aws(function.crate):
                continue
            if way := UNKNOWN_WAYS.search(function.body):
                yield f"{function.file}: fn {function.name} sends by .{way[1]}(), which tests/python/sdk_calls.py cannot find"
            sends, calls = function.body.count(".send()"), known_calls(function, known)
            if sends != len(calls) + len(HTTP.findall(function.body)):
                there = ", ".join(calls) or "none"
                yield (
                    f"{function.file}: fn {function.name} has {sends} .send(), but its known calls are: {there}; "
                    "add a new call to CALLS and USES (tests/python/permissions.py)"
                )


def known_calls(function, known):
    return [call for call in re.findall(r"\.(\w+)\(\)", function.body) if call in known]
