using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Chat;
using Xunit;

namespace AdaLora.Transformers.Tests.Chat;

/// <summary>Templates against transformers' renderings.</summary>
public sealed class ChatTemplateGoldenTests
{
    public static TheoryData<string> Templates =>
        [.. TestMaterial.GoldenFiles("chat", "*.jinja").Select(file => Path.GetFileNameWithoutExtension(file))];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Templates))]
    public void Every_rendering_and_every_error_is_the_references(string name)
    {
        var expected = Read($"{name}.json");
        var conversations = Read("conversations.json").AsArray();
        var template = Template(name, expected);
        foreach (var test in expected["cases"]!.AsArray())
        {
            var conversation = conversations[(int)test!["conversation"]!]!;
            var what = $"{name}, conversation {test["conversation"]}, prompt {test["add_generation_prompt"]}";
            ChatRendering Render() => template.Render(conversation["messages"]!.AsArray(), (bool)test["add_generation_prompt"]!, conversation["extra"]!.AsObject());
            if (test["error"] is { } error)
            {
                var thrown = Assert.Throws<ChatTemplateException>(() => Render());
                Assert.True(thrown.Line > 0 && thrown.Column > 0, what);
                Assert.Equal((string)test["error_type"]! == "TemplateError", thrown.IsRaised);
                if (thrown.IsRaised)
                    Assert.Equal((string)error!, thrown.Message);
                else
                    Assert.StartsWith($"line {thrown.Line}, column {thrown.Column}: ", thrown.Message, StringComparison.Ordinal);
            }
            else
            {
                var rendering = Render();
                Assert.True((string)test["text"]! == rendering.Text, $"{what}:\n{rendering.Text}\ninstead of\n{test["text"]}");
                if (test["assistant_text"] is not null)
                    Assert.True(template.MarksGeneration, what);
            }
        }
    }

    internal static ChatTemplate Template(string name, JsonNode expected) => ChatTemplate.Parse(
        File.ReadAllText(TestMaterial.Golden("chat", $"{name}.jinja")),
        new Dictionary<string, string> { ["bos_token"] = (string)expected["bos_token"]!, ["eos_token"] = (string)expected["eos_token"]! },
        clock: new FixedClock(DateTime.Parse((string)expected["now"]!, System.Globalization.CultureInfo.InvariantCulture)));

    internal static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(TestMaterial.Golden("chat", file)))!;

    private sealed class FixedClock(DateTime now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(DateTime.SpecifyKind(now, DateTimeKind.Utc));
    }
}
