using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Chat;

/// <summary>Conversations as tokens, and which of them count.</summary>
public sealed class ChatEncodingTests
{
    public static TheoryData<string> Templates => ChatTemplateGoldenTests.Templates;

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Templates))]
    public void Ids_and_masks_are_the_references(string name)
    {
        var expected = ChatTemplateGoldenTests.Read($"{name}.json");
        var conversations = ChatTemplateGoldenTests.Read("conversations.json").AsArray();
        var template = ChatTemplateGoldenTests.Template(name, expected);
        var tokenizer = Tokenizer();
        var compared = 0;
        foreach (var test in expected["cases"]!.AsArray().Where(test => test!["error"] is null))
        {
            var (messages, extra) = (conversations[(int)test!["conversation"]!]!["messages"]!.AsArray(), conversations[(int)test["conversation"]!]!["extra"]!.AsObject());
            var ids = test["input_ids"]!.AsArray().Select(id => (int)id!).ToArray();
            if ((bool)test["add_generation_prompt"]!)
            {
                Assert.Equal(ids, template.EncodePrompt(tokenizer, messages, extra));
                continue;
            }

            Assert.Equal(ids, template.Encode(tokenizer, messages, answersOnly: false, extra).Ids);
            if (test["assistant_mask"] is not { } mask)
                continue;
            var text = template.Encode(tokenizer, messages, answersOnly: true, extra);
            var counted = Enumerable.Range(0, text.Length).Select(token => text.Counts(token) ? 1 : 0);
            Assert.Equal(mask.AsArray().Select(flag => (int)flag!), counted);
            compared++;
        }

        Assert.Equal(template.MarksGeneration, compared > 0);
    }

    /// <summary>Where a template has generation blocks, what the assistant adds to the text must be the same but for what follows the end of a turn.</summary>
    [Fact]
    public void Role_boundaries_find_the_same_answers_as_generation_blocks()
    {
        const string Blocks = "{%- for m in messages %}<{{ m.role }}>{%- if m.role == 'assistant' %}{% generation %}{{ m.content }};{% endgeneration %}{% else %}{{ m.content }};{% endif %}"
            + "{%- endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
        var marked = ChatTemplate.Parse(Blocks);
        var plain = ChatTemplate.Parse(Blocks.Replace("{% generation %}", "", StringComparison.Ordinal).Replace("{% endgeneration %}", "", StringComparison.Ordinal));
        Assert.False(plain.MarksGeneration);
        var messages = Conversation(("system", "be kind"), ("user", "high?"), ("assistant", "low"), ("user", "sure?"), ("assistant", "yes"));
        var tokenizer = Tokenizer();
        var (one, other) = (marked.Encode(tokenizer, messages), plain.Encode(tokenizer, messages));
        Assert.Equal("low;yes;", tokenizer.Decode(Counted(one)));
        Assert.Equal(one.Ids, other.Ids);
        Assert.Equal(Counted(one), Counted(other));
    }

    [Fact]
    public void A_template_that_rewrites_earlier_messages_is_refused_if_it_marks_nothing()
    {
        var template = ChatTemplate.Parse("{% for m in messages %}{{ m.role }}{% if loop.last %}!{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}assistant{% endif %}");
        var fault = Assert.Throws<ChatTemplateException>(() => template.Encode(Tokenizer(), Conversation(("user", "a"), ("assistant", "b"), ("user", "c"))));
        Assert.Contains("message 2", fault.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<int> Counted(Transformers.Texts.TrainingText text) => text.Ids.Where((_, token) => text.Counts(token));

    private static JsonArray Conversation(params (string Role, string Content)[] messages) =>
        [.. messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content })];

    private static TextTokenizer Tokenizer() => TextTokenizer.FromFolder(TestMaterial.RequireGolden("tokenizers", "sequence", "qwen2_split"));
}
