using System.CommandLine;
using AdaLora.Experiments.Settings;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Instruct.Conversation;

/// <summary>The options that say how answers are generated.</summary>
internal sealed class AnswerSettings
{
    private readonly Option<int?> _length = ParsedOption.OptionalNumber<int>("--max-new-tokens", "The greatest number of new tokens. [default: 256]");
    private readonly Option<double?> _temperature = ParsedOption.OptionalNumber<double>(
        "--temperature", "Draw tokens by their probability, flatter above 1; 0 for the likeliest. [default: what the checkpoint says]");
    private readonly Option<double?> _topP = ParsedOption.OptionalNumber<double>("--top-p", "Draw from the likeliest tokens that together have this probability.");
    private readonly Option<int?> _topK = ParsedOption.OptionalNumber<int>("--top-k", "Draw from so many of the likeliest tokens.");
    private readonly Option<int?> _seed = ParsedOption.OptionalNumber<int>("--seed", "Seed of what is drawn.");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_length, _temperature, _topP, _topK, _seed])
            command.Add(option);
    }

    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public GenerationOptions Apply(ParseResult line, GenerationOptions options)
    {
        options = options with { Beams = 1, Returned = 1, MaxLength = null, MaxNewTokens = line.GetValue(_length) ?? options.MaxNewTokens ?? 256 };
        if (line.GetValue(_temperature) is { } temperature)
            options = temperature == 0 ? options with { Samples = false } : options with { Samples = true, Temperature = temperature };
        if (line.GetValue(_topP) is { } topP)
            options = options with { Samples = true, TopP = topP };
        if (line.GetValue(_topK) is { } topK)
            options = options with { Samples = true, TopK = topK };
        options = line.GetValue(_seed) is { } seed ? options with { Seed = seed } : options;
        options.Validate();
        return options;
    }
}
