using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Configuration;
using Xunit;

namespace AdaLora.Transformers.Tests.Chat;

/// <summary>The language of templates, its limits, and where they are found. Expected texts were checked with Jinja 3.1 in transformers' environment.</summary>
public sealed class ChatTemplateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 3.0 }}", "3 -4 2 3.5 1024 1e+16 1e-05 0.30000000000000004 3.0")]
    [InlineData("{{ 'a' 'b' ~ 1 ~ 2 }}|{{ 'x' * 3 }}|{{ [1, 'a', none, true, {'k': 1.5}] }}|{{ (1,) }}", "ab12|xxx|[1, 'a', None, True, {'k': 1.5}]|(1,)")]
    [InlineData("{{ 'yes' if 1 < 2 <= 2 and not 3 in [1, 2] else 'no' }}{{ 'gone' if false }}", "yes")]
    [InlineData("{{ 'hello world'[1:8:2] }}{{ 'abc'[::-1] }}{{ [1, 2, 3][-2:] }}{{ 'abc'[7:] }}", "el ocba[2, 3]")]
    [InlineData("{{ '  a b  c '.split() }}{{ 'a,b,,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ 'a b c'.rsplit(' ', 1) }}", "['a', 'b', 'c']['a', 'b', '', 'c']['a', 'b,c']['a b', 'c']")]
    [InlineData("{{ 'aXbX'.replace('X', '-', 1) }}{{ 'xxaxx'.strip('x') }}{{ 'it''s' | title }}{{ 'ab'.upper().lower().capitalize() }}", "a-bXaItsAb")]
    [InlineData("{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}{{ [3, 1, 2] | sort(reverse=true) | join('') }}{{ ['b', 'A'] | sort | first }}", "a2b1321A")]
    [InlineData("{{ [1, 2, 3, 4] | select('odd') | list }}{{ ['a', '', 'b'] | reject('equalto', '') | join }}{{ ['1', '2'] | map('int') | sum }}", "[1, 3]ab3")]
    [InlineData("{{ [{'r': 'a'}, {'r': 'b'}, {}] | selectattr('r', 'defined') | map(attribute='r') | list }}{{ [{'a': {'b': 1}}] | map(attribute='a.b') | list }}", "['a', 'b'][1]")]
    [InlineData("{{ x | default('none') }}{{ '' | default('empty', true) }}{{ none | default('kept') }}{{ x is defined }}{{ x == y }}{{ x | length }}", "noneemptyNoneFalseTrue0")]
    [InlineData("{% set a, b = 1, 2 %}{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set a = 9 %}{% set ns.n = ns.n + i %}{% endfor %}{{ a }}{{ b }}{{ ns.n }}", "123")]
    [InlineData("{% macro m(a, b='x', *c) %}{% endmacro %}", null)]
    [InlineData("{% macro m(a, b='x') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m('a', b=2) }}{{ m() }}", "<1x><a2><x>")]
    [InlineData("{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else i }}{{ loop.depth }}{% endfor %}", "11223321")]
    [InlineData("{% for i in [1, 2, 3] %}{{ loop.cycle('a', 'b') }}{{ ',' if not loop.last }}{% else %}none{% endfor %}{% for i in [] %}x{% else %}none{% endfor %}", "a,b,anone")]
    [InlineData("a  {#- c -#}  b {%- raw %} {{ x }} {% endraw -%} c\n", "ab {{ x }} c")]
    [InlineData("  {% if true %}  \n  x\n  {% endif %}\n{{ 1 }}\n\ny\n", "  \n  x\n1\n\ny")]
    [InlineData("  {%+ if true %}x{% endif +%}\ny", "  x\ny")]
    [InlineData("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}{% filter upper | trim %} x {% endfilter %}{% set t | upper %}abc{% endset %}{{ t }}", "3FalseXABC")]
    [InlineData("{{ {'a': 'é<&>', 'b': [], 'c': {}, 'd': [1]} | tojson }}{{ [1, {'a': 2}] | tojson(indent=2) }}",
        "{\"a\": \"é<&>\", \"b\": [], \"c\": {}, \"d\": [1]}[\n  1,\n  {\n    \"a\": 2\n  }\n]")]
    [InlineData("{{ 'a\\nb' | indent(2) }}{{ '\\u00e9\\x41\\q' }}{{ \"it's\" }}", "a\n  béA\\qit's")]
    [InlineData("{{ {'items': 5}.items is callable }}{{ {'items': 5}['items'] }}{{ {'a': 1}.get('b', 2) }}", "True52")]
    public void The_language_means_what_it_means_in_python(string source, string? expected)
    {
        if (expected is null)
            Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source));
        else
            Assert.Equal(expected, ChatTemplate.Parse(source).Render([]).Text);
    }

    [Theory]
    [InlineData("ab\n {% include 'x' %}", 2, 5, "'include'")]
    [InlineData("{{ x | no_such_filter }}", 1, 8, "no_such_filter")]
    [InlineData("{{ x is no_such_test }}", 1, 9, "no_such_test")]
    [InlineData("\n{% if x %}", 2, 4, "endif")]
    [InlineData("{% for x in y %}{% endif %}", 1, 20, "endif")]
    [InlineData("{{ 'x }}", 1, 4, "not closed")]
    [InlineData("{{ x ", 1, 1, "not closed")]
    [InlineData("{# x ", 1, 1, "not closed")]
    [InlineData("{{ x $ y }}", 1, 6, "'$'")]
    [InlineData("{{ (1 }}", 1, 7, "")]
    [InlineData("{% break %}", 1, 4, "loop")]
    [InlineData("{% set loop = 1 %}", 1, 8, "can't be set")]
    public void What_is_not_understood_is_refused_with_its_place(string source, int line, int column, string what)
    {
        var fault = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source));
        Assert.Equal((line, column), (fault.Line, fault.Column));
        Assert.Contains(what, fault.Message, StringComparison.Ordinal);
        Assert.StartsWith($"line {line}, column {column}: ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ messages.append(1) }}")]
    [InlineData("{{ ''.__class__ }}")]
    [InlineData("{{ messages['__class__'] }}")]
    [InlineData("{{ [1] | map(attribute='__x') | list }}")]
    [InlineData("{{ 'a' + 1 }}")]
    [InlineData("{{ x.y.z }}")]
    [InlineData("{{ x() }}")]
    [InlineData("{{ 1 // 0 }}")]
    [InlineData("{{ 9223372036854775807 + 1 }}")]
    [InlineData("{% set x.a = 1 %}")]
    [InlineData("{{ 'a' < 1 }}")]
    [InlineData("{{ strftime_now('%Q') }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m() %}{% generation %}x{% endgeneration %}{% endmacro %}{{ m() }}")]
    public void What_is_not_possible_is_refused_while_it_runs(string source)
    {
        var template = ChatTemplate.Parse(source);
        var fault = Assert.Throws<ChatTemplateException>(() => template.Render([]));
        Assert.True(fault.Line == 1 && fault.Column > 0 && !fault.IsRaised, fault.Message);
    }

    /// <summary>What would take for ever, or all memory.</summary>
    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{{ 'x' * 1000000000 * 1000 }}", "characters")]
    [InlineData("{% set ns = namespace(s='xxxxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "characters")]
    [InlineData("{% set s = 'x' * 10000000 %}{{ s | replace('x', s) }}", "characters")]
    [InlineData("{{ range(10000000) }}", "range")]
    public void What_a_template_uses_up_is_limited(string source, string what)
    {
        var fault = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source).Render([]));
        Assert.Contains(what, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_limited_when_a_template_is_read()
    {
        foreach (var source in (string[])[$"{{{{ {new string('(', 5000)}1{new string(')', 5000)} }}}}", $"{{{{ {string.Concat(Enumerable.Repeat("not ", 5000))}1 }}}}",
            $"{{{{ {new string('-', 5000)}1 }}}}", string.Concat(Enumerable.Repeat("{% if 1 %}", 5000)), $"{{{{ {string.Concat(Enumerable.Repeat("1 if 1 else ", 5000))}1 }}}}"])
        {
            Assert.Contains("nested", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_checkpoint_has_its_template_in_a_file_of_its_own_or_in_the_tokenizers_configuration()
    {
        Assert.Null(ChatTemplate.FromFolder(_folder.Path));
        Write("tokenizer_config.json", """{"chat_template": "{{ bos_token }}{{ eos_token }}", "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null}""");
        Assert.Equal("<s></s>", ChatTemplate.FromFolder(_folder.Path)!.Render([]).Text);
        Write("chat_template.jinja", "own {{ bos_token }}");
        Assert.Equal("own <s>", ChatTemplate.FromFolder(_folder.Path)!.Render([]).Text);
        Assert.Equal("<s></s>", ChatTemplate.FromFolder(_folder.Path, "default")!.Render([]).Text);
        Assert.Contains("'rag' (it has default)", Assert.Throws<CheckpointException>(() => ChatTemplate.FromFolder(_folder.Path, "rag")).Message, StringComparison.Ordinal);

        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "a"}, {"name": "rag", "template": "b"}]}""");
        Assert.Equal("b", ChatTemplate.FromFolder(_folder.Path, "rag")!.Render([]).Text);
        Write("tokenizer_config.json", """{"chat_template": 5}""");
        Assert.Throws<CheckpointException>(() => ChatTemplate.FromFolder(_folder.Path, "default"));
        Write("other.jinja", "{{ eos_token }}");
        Write("tokenizer_config.json", """{"eos_token": "</s>"}""");
        Assert.Equal("</s>", ChatTemplate.FromFile(_folder.File("other.jinja"), _folder.Path).Render([]).Text);
        Write("chat_template.jinja", "{% x %}");
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.FromFolder(_folder.Path));
    }

    [Fact]
    public void What_is_given_to_a_template_stays_as_it_is()
    {
        var messages = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "hi", ["name"] = null });
        var before = messages.ToJsonString();
        var text = ChatTemplate.Parse("{% for m in messages %}{{ m.name is defined }}{{ m }}{% endfor %}{{ add_generation_prompt }}{{ tools }}{{ n }}")
            .Render(messages, true, new JsonObject { ["n"] = 1.50 }).Text;
        Assert.Equal("False{'role': 'user', 'content': 'hi'}TrueNone1.5", text);
        Assert.Equal(before, messages.ToJsonString());
    }

    private void Write(string file, string text) => File.WriteAllText(_folder.File(file), text);
}
