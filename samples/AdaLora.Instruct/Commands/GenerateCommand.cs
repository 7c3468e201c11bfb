using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Instruct.Conversation;
using AdaLora.Instruct.Data;
using AdaLora.Instruct.Tasks;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Generation;

namespace AdaLora.Instruct.Commands;

/// <summary>The command that continues one prompt.</summary>
internal static class GenerateCommand
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(ModelFolder models, TextReader input)
    {
        var run = new RunOrModel(models);
        var answers = new AnswerSettings();
        var prompt = new Option<string?>("--prompt") { Description = "The prompt. [default: the standard input]", HelpName = "TEXT" };
        var file = new Option<string?>("--file") { Description = "A file with the prompt.", HelpName = "FILE" };
        var isChat = new Option<bool>("--chat") { Description = "The prompt is what a user says: answer it by the chat template." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object with prompt, completion, tokens and the reason of the end." };
        var command = new ExampledCommand("generate", "Continues a prompt with the model of a finished run.", InstructDescription.Application.ExamplesOf("generate")) { prompt, file, isChat, json };
        answers.AddTo(command);
        run.AddTo(command);
        command.SetAction((line, token) =>
        {
            var text = PromptOf(line.GetValue(prompt), line.GetValue(file), input);
            using var trained = run.Load(line, token);
            var model = (InstructModel)trained.Model;
            var writer = new AnswerWriter(model.Model, model.Encoder.Tokenizer, answers.Apply(line, model.Model.Generation));
            var output = line.InvocationConfiguration.Output;
            var (completion, tokens, ending) = writer.Answer(IdsOf(text, model.Encoder, line.GetValue(isChat)), line.GetValue(json) ? _ => { } : piece => Write(output, piece), token);
            if (line.GetValue(json))
            {
                var answer = new JsonObject { ["prompt"] = text, ["completion"] = completion, ["tokens"] = tokens, ["ending"] = NameOf(ending) };
                output.WriteLine(answer.ToJsonString(Json));
            }
            else
            {
                output.WriteLine();
            }

            return Task.FromResult(ending is null ? ExitCode.Cancelled : ExitCode.Success);
        });
        return command;
    }

    private static string PromptOf(string? prompt, string? file, TextReader input)
    {
        if (prompt is not null && file is not null)
            throw new UserInputException("--prompt and --file: give one of them.");
        if (file is not null && !File.Exists(file))
            throw new UserInputException($"--file: the file '{file}' does not exist.");
        var text = prompt ?? (file is not null ? File.ReadAllText(file) : input.ReadToEnd());
        return text.Length > 0 ? text : throw new UserInputException("The prompt is empty.");
    }

    private static IReadOnlyList<int> IdsOf(string text, RowEncoder encoder, bool isChat)
    {
        if (!isChat)
            return encoder.Prompt(text) is { Count: > 0 } ids ? ids : throw new UserInputException("The prompt has no tokens.");
        var template = encoder.Template ?? throw new UserInputException("--chat: the checkpoint has no chat template.");
        return template.EncodePrompt(encoder.Tokenizer, [new JsonObject { ["role"] = "user", ["content"] = text }]);
    }

    private static void Write(TextWriter output, string piece)
    {
        output.Write(piece);
        output.Flush();
    }

    private static string NameOf(Ending? ending) => ending switch
    {
        Ending.EndToken => "end",
        Ending.MaxLength => "length",
        Ending.StopText => "stop",
        _ => "cancelled",
    };
}
