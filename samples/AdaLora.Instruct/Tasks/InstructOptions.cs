using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Instruct.Tasks;

/// <summary>The options of a run that only texts have.</summary>
internal static class InstructOptions
{
    public static RunOption<string?> Dev { get; } = new("--dev", "The file to evaluate on. [default: valid, validation, dev or test of the folder]", path => path)
    {
        HelpName = "FILE",
        Problem = (path, _) => path is null || File.Exists(path) ? null : $"the file '{path}' does not exist",
    };

    public static RunOption<string> LossOn { get; } = new("--loss-on", "Which tokens count in the loss: answers (completions, or what the assistant says), or everything.", name => name)
    {
        HelpName = "NAME",
        Default = _ => "answers",
        ShowsDefault = true,
        Parse = (text, _) => text is "answers" or "everything" ? text : throw new UserInputException($"unknown choice '{text}'; use answers or everything."),
    };

    public static RunOption<string> Columns { get; } = new("--columns", "The names of prompt and completion in the rows, with a comma between them.", names => names)
    {
        HelpName = "NAMES",
        Default = _ => "prompt,completion",
        ShowsDefault = true,
        Parse = (text, _) => text.Split(',') is [{ Length: > 0 }, { Length: > 0 }] ? text : throw new UserInputException($"'{text}' is not two names with a comma between them."),
    };

    public static RunOption<string?> SplitAt { get; } = new("--split-at", "In rows that are a text alone, answers begin behind this; \\n stands for a line feed.", text => text) { HelpName = "TEXT" };

    public static RunOption<string?> Template { get; } = new("--template", "A file with a chat template, in place of the checkpoint's.", path => path)
    {
        HelpName = "FILE",
        Problem = (path, _) => path is null || File.Exists(path) ? null : $"the file '{path}' does not exist",
    };

    public static RunOption<bool> Pack { get; } = new(
        "--pack", "Put several texts of a batch into a row of at most --max-length tokens. They do not see each other: the results are the same, with less padding.", value => value)
    { ChangesResults = false };

    public static RunOption<bool> Checkpointing { get; } = new(
        "--checkpointing", "Compute layers again in the backward pass instead of keeping what is in them: the same results with less memory, but slower.", value => value)
    { ChangesResults = false };

    public static RunOption<int> Generated { get; } = new NumberOption<int>(
        "--exact-match", "Rows of the dev set for which answers are generated and compared with theirs. In training, 0 is for none, which saves time. [default: 0; evaluate: 100]", 0)
    { Bound = Bound.AtLeast(0) };

    public static IReadOnlyList<RunOption> All { get; } = [Dev, LossOn, Columns, SplitAt, Template, Pack, Checkpointing, Generated];
}
