using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Instruct.Conversation;
using AdaLora.Instruct.Tasks;
using AdaLora.Transformers.Chat;
using static TorchSharp.torch;

namespace AdaLora.Instruct.Demo;

/// <summary>The demo: a model that knows sentences learns to answer questions.</summary>
internal static class DemoCommand
{
    private static readonly string[] Asked = ["Which sound has the frog ?", "Where is the owl ?"];

    public static Command Create(IRunner runner, ModelFolder models)
    {
        var command = new Command("demo", "Trains a small model on sentences, fine-tunes it on questions about the same animals with AdaLoRA, and asks it.") { Hidden = true };
        command.SetAction((line, token) => Task.FromResult(Run(runner, models, line.InvocationConfiguration.Output, token)));
        return command;
    }

    private static int Run(IRunner runner, ModelFolder models, TextWriter output, CancellationToken cancellation)
    {
        var folder = Path.Combine("runs", "instruct-demo");
        // For so small a model, a second thread costs more than it brings.
        set_num_threads(1);
        output.WriteLine("Training a small Llama on sentences about animals ...");
        var loss = DemoModel.Write(Path.Combine(folder, "model"), cancellation);
        output.WriteLine(FormattableString.Invariant($"It can say them now (loss {loss:0.00}), but has never seen a question."));
        var settings = SettingsIn(folder);
        var before = Show(settings, models, output, cancellation, load: null);
        output.WriteLine("Fine-tuning it with AdaLoRA on questions and answers ...");
        var record = new RunSession(runner, TableConsole.On(TextWriter.Null)).Run(settings, Verbosity.Quiet, cancellation);
        if (record.Status == RunStatus.Cancelled)
            return ExitCode.Cancelled;
        var after = Show(settings, models, output, cancellation, SavedRun.AdapterFolderOf(settings.OutputFolder));
        output.WriteLine(FormattableString.Invariant($"Loss on questions that it was not trained on: {before.Loss:0.00} before, {after.Loss:0.00} after."));
        output.WriteLine(FormattableString.Invariant($"Answers that are right word for word: {before.Right:0 %} before, {after.Right:0 %} after."));
        output.WriteLine($"To go on: AdaLora.Instruct chat {settings.OutputFolder}");
        return ExitCode.Success;
    }

    private static RunSettings SettingsIn(string folder)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        var (training, dev) = DemoLanguage.Conversations();
        Write("train.jsonl", training);
        Write("valid.jsonl", dev);
        return RunSettings.Of(InstructTasks.Catalog)
            .With(RunOptions.Data, data)
            .With(RunOptions.Model, Path.Combine(folder, "model"))
            .With(RunOptions.Output, Path.Combine(folder, "run"))
            .With(RunOptions.Epochs, 30)
            .With(RunOptions.EvalEvery, 100)
            .With(RunOptions.Threads, 1)
            .With(RunOptions.MaxLength, 64)
            .With(RunOptions.LearningRate, 1e-2)
            .With(RunOptions.LambdaRateFactor, 10.0)
            .With(RunOptions.CheckpointEvery, 0)
            .With(InstructOptions.Pack, true)
            .Validated();

        void Write(string name, IReadOnlyList<JsonObject> rows) => File.WriteAllLines(Path.Combine(data, name), rows.Select(row => row.ToJsonString()));
    }

    // Evaluates the model and asks it, with an adapter or without.
    private static (double Loss, double Right) Show(RunSettings settings, ModelFolder models, TextWriter output, CancellationToken cancellation, string? load)
    {
        var checkpoint = models.Of(settings.Get(RunOptions.Model), new SilentReporter(), cancellation);
        var data = settings.Task.Read(Runner.InputsOf(settings, checkpoint, DataSets.Dev, new SilentReporter(), cancellation));
        using var model = (InstructModel)data.LoadModel(CPU);
        using var attachment = load is null ? null : settings.Method.Load(model.Base, settings, load);
        var scores = model.Evaluate();
        var writer = new AnswerWriter(model.Model, model.Encoder.Tokenizer, model.Model.Generation with { MaxNewTokens = 12 });
        foreach (var question in Asked)
        {
            var prompt = model.Encoder.Template!.EncodePrompt(model.Encoder.Tokenizer, [new JsonObject { ["role"] = "user", ["content"] = question }]);
            output.WriteLine($"  {question} -> {writer.Answer(prompt, _ => { }, cancellation).Text}");
        }

        return (scores.Loss, scores.Metrics["exact_match"] ?? 0);
    }
}
