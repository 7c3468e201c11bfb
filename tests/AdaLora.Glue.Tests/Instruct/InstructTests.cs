using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Terminal;
using AdaLora.Instruct.Commands;
using AdaLora.Instruct.Conversation;
using AdaLora.Instruct.Data;
using AdaLora.Instruct.Demo;
using AdaLora.TestSupport;
using AdaLora.Transformers;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Glue.Tests.Instruct;

/// <summary>The application for language models, with the demo's model.</summary>
public sealed class InstructTests(InstructTests.DemoCheckpoint demo) : IClassFixture<InstructTests.DemoCheckpoint>
{
    [Fact]
    public void A_run_is_trained_evaluated_asked_and_merged()
    {
        var run = demo.Folder.File("run");
        var (code, _, error) = Run("train", "--data", demo.Data, "--model", demo.Model, "--epochs", "6", "--max-length", "64", "--lr", "1e-2", "--lambda-lr-factor", "10", "--threads", "1",
            "--accumulate", "2", "--batch-size", "8", "--checkpointing", "--output", run, "--quiet");
        Assert.True(code == ExitCode.Success, error);
        (code, var output, error) = Run("evaluate", run, "--exact-match", "3", "--json");
        Assert.True(code == ExitCode.Success, error);
        var metrics = JsonNode.Parse(output)!;
        Assert.Equal(Math.Exp((double)metrics["token_loss"]!), (double)metrics["perplexity"]!, 1e-9);
        Assert.InRange((double)metrics["token_loss"]!, 0.01, 1.8);
        Assert.InRange((double)metrics["exact_match"]!, 0, 1);

        (code, output, error) = Run("generate", run, "--prompt", "Where is the owl ?", "--chat", "--json", "--max-new-tokens", "5", "--temperature", "0");
        Assert.True(code == ExitCode.Success, error);
        var answer = JsonNode.Parse(output)!;
        Assert.Equal("Where is the owl ?", (string)answer["prompt"]!);
        Assert.True((int)answer["tokens"]! is > 0 and <= 5);
        (_, var plain, _) = Run("generate", run, "--prompt", "Where is the owl ?", "--chat", "--max-new-tokens", "5", "--temperature", "0");
        Assert.Equal((string)answer["completion"]!, plain.TrimEnd('\n'));

        (code, _, error) = Run("merge", run, "--output", demo.Folder.File("merged"));
        Assert.True(code == ExitCode.Success, error);
        using var merged = AutoModel.CausalLM(demo.Folder.File("merged"));
        Assert.NotNull(ChatTemplate.FromFolder(demo.Folder.File("merged")));
    }

    /// <summary>Packing and padding are ways to compute the same training.</summary>
    [Fact]
    public void Packing_changes_no_result()
    {
        var losses = new List<double>();
        foreach (var packing in (string[][])[[], ["--pack"]])
        {
            var run = demo.Folder.File($"packed{losses.Count}");
            var (code, output, error) = Run(["train", "--data", demo.Data, "--model", demo.Model, "--max-steps", "4", "--max-length", "64", "--threads", "1", "--output", run, "--json", .. packing]);
            Assert.True(code == ExitCode.Success, error);
            losses.Add((double)JsonNode.Parse(output)!["final"]!["token_loss"]!);
        }

        Assert.Equal(losses[0], losses[1], 1e-4);
    }

    [Fact]
    public void Mistakes_in_data_and_options_end_before_the_model_is_loaded()
    {
        var bad = demo.Folder.File("bad.jsonl");
        File.WriteAllText(bad, "{\"text\": \"The cow says moo .\"}\n{\"text\": 5}");
        var (code, _, error) = Run("train", "--data", bad, "--dev", bad, "--model", demo.Model);
        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("bad.jsonl(2): 'text' is not a text", error, StringComparison.Ordinal);
        File.WriteAllText(bad, "{\"messages\": [{\"role\": \"user\", \"content\": \"The\"}]}");
        Assert.Contains("no token counts", Run("train", "--data", bad, "--dev", bad, "--model", demo.Model).Error, StringComparison.Ordinal);
        Assert.Contains("no file to evaluate on", Run("train", "--data", bad, "--model", demo.Model, "--loss-on", "everything").Error, StringComparison.Ordinal);
        Assert.Contains("unknown choice", Run("train", "--data", bad, "--model", demo.Model, "--loss-on", "x").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_has_its_history_and_begins_anew_when_told()
    {
        using var model = AutoModel.CausalLM(demo.Model);
        var encoder = Encoder();
        var writer = new AnswerWriter(model, encoder.Tokenizer, model.Generation with { MaxNewTokens = 4 });
        using var interrupts = new AnswerInterrupts();
        var (output, error) = (new StringWriter(), new StringWriter());
        new ChatSession(writer, encoder, "The cow", new StringReader("Where is the owl ?\nAnd the frog ?\n/reset\nWhere is the owl ?\n/quit\nnever\n"), output, error).Run(interrupts);
        var answers = output.ToString().Split('\n');
        Assert.Equal(4, answers.Length);
        // The same question at the same place has the same answer; behind a history, another prompt.
        Assert.Equal(answers[0], answers[2]);
        Assert.Contains("new conversation", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupt_ends_an_answer_and_nothing_else()
    {
        using var model = AutoModel.CausalLM(demo.Model);
        var encoder = Encoder();
        var writer = new AnswerWriter(model, encoder.Tokenizer, model.Generation with { MaxNewTokens = 100, EndIds = [] });
        using var interrupts = new AnswerInterrupts();
        Assert.False(interrupts.Stop());
        interrupts.During(stop =>
        {
            var pieces = 0;
            var (text, tokens, ending) = writer.Answer(encoder.Prompt("The cow"), _ => pieces += interrupts.Stop() ? 1 : 0, stop);
            Assert.Equal((1, null), (pieces, ending));
            Assert.True(tokens < 10 && text.Length > 0);
        });
        Assert.False(interrupts.Stop());
        interrupts.During(stop => Assert.Equal(100, writer.Answer(encoder.Prompt("The cow"), _ => { }, stop).Tokens));
    }

    [Fact]
    public void What_counts_of_a_row_is_its_answer()
    {
        var encoder = Encoder();
        var text = encoder.Encode(new PromptRow("The cow says ", "moo ."));
        Assert.Equal("moo .<|end|>", encoder.Tokenizer.Decode(text.Ids.Where((_, token) => text.Counts(token))));
        var (prompt, answer) = encoder.Question(new PromptRow("The cow says ", "moo ."))!.Value;
        Assert.Equal("The cow says", encoder.Tokenizer.Decode(prompt));
        Assert.Equal("moo .", answer);
        var plain = encoder.Encode(new PlainRow("The cow says moo ."));
        Assert.Equal(plain.Length - 1, plain.CountedTokens);
    }

    private RowEncoder Encoder()
    {
        var tokenizer = TextTokenizer.FromFolder(demo.Model);
        return new RowEncoder(tokenizer, ChatTemplate.FromFolder(demo.Model), TextEnds.Of(demo.Model, tokenizer), answersOnly: true);
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        var (output, error, models) = (new StringWriter(), new StringWriter(), new ModelFolder());
        var services = new ApplicationServices
        {
            Description = InstructDescription.Application,
            Runner = new Runner(models),
            Console = TableConsole.On(output),
            Error = error,
            MoreCommands =
            [
                EvaluateCommand.Create(InstructDescription.Application, models),
                GenerateCommand.Create(models, TextReader.Null),
                MergeCommand.Create(InstructDescription.Application, models),
            ],
        };
        var code = new Application(services).Run(args, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>The demo's model and data, made once.</summary>
    public sealed class DemoCheckpoint : IDisposable
    {
        public DemoCheckpoint()
        {
            Directory.CreateDirectory(Data);
            DemoModel.Write(Model, CancellationToken.None);
            var (training, dev) = DemoLanguage.Conversations();
            File.WriteAllLines(Path.Combine(Data, "train.jsonl"), training.Select(row => row.ToJsonString()));
            File.WriteAllLines(Path.Combine(Data, "valid.jsonl"), dev.Select(row => row.ToJsonString()));
        }

        internal TemporaryFolder Folder { get; } = new();

        internal string Model => Folder.File("model");

        internal string Data => Folder.File("data");

        public void Dispose() => Folder.Dispose();
    }
}
