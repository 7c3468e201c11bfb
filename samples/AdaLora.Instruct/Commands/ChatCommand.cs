using System.CommandLine;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Instruct.Conversation;
using AdaLora.Instruct.Tasks;

namespace AdaLora.Instruct.Commands;

/// <summary>The command that talks with a model.</summary>
internal static class ChatCommand
{
    public static Command Create(ModelFolder models, TextReader input)
    {
        var run = new RunOrModel(models);
        var answers = new AnswerSettings();
        var system = new Option<string?>("--system") { Description = "What the model is told at the beginning of every conversation.", HelpName = "TEXT" };
        var command = new ExampledCommand(
            "chat", "Talks with the model of a finished run, with its history. Ctrl-C ends an answer, and not the conversation.", InstructDescription.Application.ExamplesOf("chat")) { system };
        answers.AddTo(command);
        run.AddTo(command);
        command.SetAction((line, token) =>
        {
            using var trained = run.Load(line, token);
            var model = (InstructModel)trained.Model;
            var writer = new AnswerWriter(model.Model, model.Encoder.Tokenizer, answers.Apply(line, model.Model.Generation));
            using var interrupts = new AnswerInterrupts();
            var (output, error) = (line.InvocationConfiguration.Output, line.InvocationConfiguration.Error);
            new ChatSession(writer, model.Encoder, line.GetValue(system), input, output, error).Run(interrupts);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
