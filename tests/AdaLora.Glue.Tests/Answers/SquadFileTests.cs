using System.Text.Json;
using AdaLora.Experiments.Programs;
using AdaLora.Squad.Data;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Answers;

public sealed class SquadFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>File, questions, questions without an answer, answers.</summary>
    [Theory]
    [InlineData("xquad.en.json", 1190, 0)]
    [InlineData("dev-v1.1.json", 429, 0)]
    [InlineData("train-v1.1.json", 2107, 0)]
    [InlineData("dev-v2.0.json", 850, 421)]
    [InlineData("train-v2.0.json", 4449, 2342)]
    public void Every_answer_of_real_files_stands_where_it_is_read(string file, int count, int unanswerable)
    {
        var path = TestMaterial.RequireShared("squad", file);
        var questions = SquadFile.Read(path);
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var given = document.RootElement.GetProperty("data").EnumerateArray().SelectMany(article => article.GetProperty("paragraphs").EnumerateArray())
            .SelectMany(paragraph => paragraph.GetProperty("qas").EnumerateArray()).ToDictionary(question => question.GetProperty("id").GetString()!);

        Assert.Equal((count, unanswerable), (questions.Count, questions.Count(question => question.Answers.Count == 0)));
        Assert.All(questions, question =>
        {
            Assert.Equal(given[question.Id].GetProperty("question").GetString(), question.Text);
            Assert.Equal(given[question.Id].GetProperty("answers").EnumerateArray().Select(answer => answer.GetProperty("text").GetString()), question.Answers.Select(answer => answer.Text));
            Assert.All(question.Answers, answer => Assert.Equal(answer.Text, question.Passage.Context[answer.Start..answer.End]));
        });
    }

    [Fact]
    public void Answers_begin_at_code_points()
    {
        var question = SquadFile.Read(Write(Document("🍵 or 🍵🍵 tea?", """{"text": "tea", "answer_start": 8}"""))).Single();

        Assert.Equal(("Tea", 0, "id1", "Which?"), (question.Passage.Title, question.Passage.Number, question.Id, question.Text));
        Assert.Equal("tea", question.Passage.Context[question.Answers[0].Start..question.Answers[0].End]);
        Assert.Equal(8, CodePointPlaces.FromUnits(question.Passage.Context, question.Answers[0].Start));
    }

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("a🍵b", 0, 0)]
    [InlineData("a🍵b", 1, 1)]
    [InlineData("a🍵b", 2, 3)]
    [InlineData("a🍵b", 3, 4)]
    [InlineData("a🍵b", 4, null)]
    [InlineData("a🍵b", -1, null)]
    [InlineData("\uD83C a", 2, 2)]
    public void Places_in_code_points_are_places_in_units(string text, int codePoint, int? units)
    {
        Assert.Equal(units, CodePointPlaces.ToUnits(text, codePoint));
        if (units is { } place)
            Assert.Equal(codePoint, CodePointPlaces.FromUnits(text, place));
    }

    [Theory]
    [InlineData("""{"text": "tea", "answer_start": 7}""", "'tea' does not stand at character 7")]
    [InlineData("""{"text": "tea", "answer_start": -1}""", "'tea' does not stand at character -1")]
    [InlineData("""{"text": "tea", "answer_start": 900}""", "'tea' does not stand at character 900")]
    [InlineData("""{"text": "tea"}""", "lacks text or answer_start")]
    [InlineData("""{"answer_start": 1}""", "lacks text or answer_start")]
    public void An_answer_that_is_not_there_is_named(string answer, string problem)
    {
        var e = Assert.Throws<UserInputException>(() => SquadFile.Read(Write(Document("green or black tea", answer))));

        Assert.Contains("question id1: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1]", "has no list 'data'")]
    [InlineData("""{"data": 1}""", "has no list 'data'")]
    [InlineData("""{"data": []}""", "there are no questions")]
    [InlineData("""{"data": [{"title": "T"}]}""", "T has no list 'paragraphs'")]
    [InlineData("""{"data": [{"paragraphs": [{"qas": []}]}]}""", "article 1: a paragraph has no context")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "x", "answers": []}]}]}]}""", "a question lacks its text")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"question": "x", "answers": []}, 5]}]}]}""", "a question lacks its id")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "x", "question": "q"}]}]}]}""", "question x has no list 'answers'")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "x", "question": "q", "answers": []}, {"id": "x", "question": "q", "answers": []}]}]}]}""", "the id 'x' occurs twice")]
    [InlineData("{", "is not JSON")]
    [InlineData("", "is not JSON")]
    public void A_file_in_another_format_is_refused(string content, string problem)
    {
        var e = Assert.Throws<UserInputException>(() => SquadFile.Read(Write(content)));

        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Contains("file.json", e.Message, StringComparison.Ordinal);
    }

    private static string Document(string context, string answer) =>
        $$"""{"data": [{"title": "Tea", "paragraphs": [{"context": {{JsonSerializer.Serialize(context)}}, "qas": [{"id": "id1", "question": "Which?", "answers": [{{answer}}]}]}]}]}""";

    private string Write(string content)
    {
        var path = _folder.File("file.json");
        File.WriteAllText(path, content);
        return path;
    }
}
