namespace AdaLora.Transformers.Configuration;

/// <summary>How text is generated, in the terms of transformers' generation_config.json. Without sampling and beams, each token is the likeliest one.</summary>
public sealed record GenerationOptions
{
    internal const int DefaultNewTokens = 20;

    /// <summary>The greatest number of new tokens; null for what <see cref="MaxLength"/> leaves, or 20. Models with a table of positions end where it ends.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>The greatest length, the longest prompt of the batch included; <see cref="MaxNewTokens"/> decides if both are given.</summary>
    public int? MaxLength { get; init; }

    /// <summary>How many new tokens there are at least before an end token may come.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>How long a text is at least, prompt included, before an end token may come.</summary>
    public int MinLength { get; init; }

    /// <summary>Whether tokens are drawn by their probability.</summary>
    public bool Samples { get; init; }

    /// <summary>What scores are divided by before tokens are drawn; above 0.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Tokens are drawn from so many of the likeliest, and those that equal the last of them; null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>The least likely tokens are left out while their sum is at most 1 - this; above 0 and at most 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Tokens are left out that are less likely than this share of the likeliest one; from 0 to 1.</summary>
    public double MinP { get; init; }

    /// <summary>Tokens are drawn from those whose surprise is nearest to the expected one, until their sum reaches this (Meister et al., 2023); above 0 and at most 1.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>What scores of tokens that the text already has are divided by, or multiplied by if they are negative (Keskar et al., 2019); above 0.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Sequences of so many tokens never occur twice; 0 for any.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>The number of beams; 1 for no beam search.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>The exponent of the length by which the log-probability of a finished text is divided: above 0 favours long texts.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When a beam search ends.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    /// <summary>How many texts there are for each prompt: samples, or the best beams.</summary>
    public int Returned { get; init; } = 1;

    /// <summary>The token ids any of which ends a text; empty for none.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>The token id that is generated first where a text has one token before it, as with an encoder; null for any.</summary>
    public int? ForcedBeginId { get; init; }

    /// <summary>The token id that is generated last if the greatest length is reached; null for any.</summary>
    public int? ForcedEndId { get; init; }

    /// <summary>The token id that the decoder's texts begin with where there is an encoder; null for that of the model's configuration.</summary>
    public int? DecoderStartId { get; init; }

    /// <summary>Texts that end generation when they occur in what was generated; the token that completes one is kept.</summary>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <summary>Seeds what is drawn: the tokens of a prompt depend on it and on the prompt's place in the batch alone. Null, the default: another one each time.</summary>
    public long? Seed { get; init; }

    /// <summary>Entries of generation_config.json that would change what is generated and are not supported.</summary>
    internal IReadOnlyList<string> Unsupported { get; init; } = [];

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is not valid; the message lists all that are not.</exception>
    public void Validate()
    {
        var faults = new ConfigFaults();
        faults.Require(MaxNewTokens is null or > 0, $"{nameof(MaxNewTokens)} is {MaxNewTokens}; it must be above 0");
        faults.Require(MaxLength is null or > 0, $"{nameof(MaxLength)} is {MaxLength}; it must be above 0");
        faults.Require(MinNewTokens >= 0, $"{nameof(MinNewTokens)} is {MinNewTokens}; it must not be negative");
        faults.Require(MinLength >= 0, $"{nameof(MinLength)} is {MinLength}; it must not be negative");
        faults.Require(Temperature > 0 && double.IsFinite(Temperature), $"{nameof(Temperature)} is {Temperature}; it must be above 0 (for the likeliest tokens, set {nameof(Samples)} to false)");
        faults.Require(TopK is null or > 0, $"{nameof(TopK)} is {TopK}; it must be above 0, or null for all");
        faults.Require(TopP is > 0 and <= 1, $"{nameof(TopP)} is {TopP}; it must be above 0 and at most 1");
        faults.Require(MinP is >= 0 and <= 1, $"{nameof(MinP)} is {MinP}; it must be from 0 to 1");
        faults.Require(TypicalP is > 0 and <= 1, $"{nameof(TypicalP)} is {TypicalP}; it must be above 0 and at most 1");
        faults.Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), $"{nameof(RepetitionPenalty)} is {RepetitionPenalty}; it must be above 0");
        faults.Require(NoRepeatNgramSize >= 0, $"{nameof(NoRepeatNgramSize)} is {NoRepeatNgramSize}; it must not be negative");
        faults.Require(Beams is > 0 and <= 1 << 10, $"{nameof(Beams)} is {Beams}; it must be from 1 to {1 << 10}");
        faults.Require(double.IsFinite(LengthPenalty), $"{nameof(LengthPenalty)} is {LengthPenalty}; it must be finite");
        faults.Require(Enum.IsDefined(EarlyStopping), $"{nameof(EarlyStopping)} is {EarlyStopping}, which is unknown");
        faults.Require(Returned is > 0 and <= 1 << 10, $"{nameof(Returned)} is {Returned}; it must be from 1 to {1 << 10}");
        faults.Require(Returned <= Beams || (Beams == 1 && Samples), $"{nameof(Returned)} is {Returned}, but there {(Beams == 1 ? "is one likeliest text" : $"are {Beams} beams")}");
        faults.Require(EndIds?.All(id => id >= 0) == true, $"{nameof(EndIds)} is null or holds a negative id");
        faults.Require(ForcedBeginId is null or >= 0, $"{nameof(ForcedBeginId)} is negative");
        faults.Require(ForcedEndId is null or >= 0, $"{nameof(ForcedEndId)} is negative");
        faults.Require(DecoderStartId is null or >= 0, $"{nameof(DecoderStartId)} is negative");
        faults.Require(StopTexts?.All(text => !string.IsNullOrEmpty(text)) == true, $"{nameof(StopTexts)} is null or holds an empty text");
        foreach (var entry in Unsupported)
            faults.Require(false, $"{entry} of generation_config.json is not supported");
        if (faults.List.Count > 0)
            throw new ArgumentException($"The options of generation are not valid: {string.Join("; ", faults.List)}.");
    }
}
