using System.Globalization;

namespace AdaLora.Benchmarks;

/// <summary>Something for a decoder to do, given to this program and to a peer.</summary>
internal sealed record DecoderWork
{
    /// <summary>A training step.</summary>
    public const string Step = "step";

    /// <summary>Prompts that are continued with the cache of keys and values, the likeliest token at each place.</summary>
    public const string Generate = "generate";

    /// <summary>The folder of the checkpoint, which both programs load.</summary>
    public string Model { get; init; } = "";

    /// <summary><see cref="Step"/> or <see cref="Generate"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>What the weights are loaded as, one of <see cref="ElementTypes.Names"/>.</summary>
    public required string ElementType { get; init; }

    public int Batch { get; init; } = 8;

    /// <summary>Tokens of each text that is trained on, or of each prompt.</summary>
    public int Length { get; init; } = 256;

    /// <summary>Tokens that each prompt is continued with.</summary>
    public int NewTokens { get; init; } = 128;

    /// <summary>Dropout before the adapters; the model has none.</summary>
    public double Dropout { get; init; }

    /// <summary>Steps, or batches of prompts that are continued one after another.</summary>
    public int Steps { get; init; } = 8;

    /// <summary>Those at the beginning that are not counted.</summary>
    public int Uncounted { get; init; } = 2;

    public int Threads { get; init; } = 2;

    /// <summary>The options of both programs.</summary>
    public IEnumerable<string> Arguments()
    {
        (string Name, IConvertible Value)[] options =
        [
            ("model", Model), ("work", Kind), ("dtype", ElementType), ("batch", Batch), ("length", Length), ("new-tokens", NewTokens), ("dropout", Dropout), ("steps", Steps),
            ("uncounted", Uncounted), ("threads", Threads),
        ];
        return options.SelectMany(option => (string[])[$"--{option.Name}", option.Value.ToString(CultureInfo.InvariantCulture)]);
    }
}
