using System.Globalization;

namespace AdaLora.Benchmarks;

/// <summary>Something for a model of an encoder and a decoder to do, given to this program and to a peer.</summary>
internal sealed record Seq2SeqWork
{
    /// <summary>A training step.</summary>
    public const string Step = "step";

    /// <summary>Beam search.</summary>
    public const string Generate = "generate";

    /// <summary>One of <see cref="Seq2SeqBlock.Shapes"/>.</summary>
    public required string Shape { get; init; }

    /// <summary><see cref="Step"/> or <see cref="Generate"/>.</summary>
    public required string Kind { get; init; }

    public int Batch { get; init; } = 8;

    /// <summary>Tokens of each text that is read.</summary>
    public int Source { get; init; } = 256;

    /// <summary>Tokens of each text that is written.</summary>
    public int Target { get; init; } = 32;

    public int Beams { get; init; } = 4;

    /// <summary>Dropout of the model.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Dropout before the adapters.</summary>
    public double AdapterDropout { get; init; } = 0.1;

    /// <summary>Steps, or texts that are written one after another.</summary>
    public int Steps { get; init; } = 8;

    /// <summary>Those at the beginning that are not counted.</summary>
    public int Uncounted { get; init; } = 2;

    public int Threads { get; init; } = 2;

    /// <summary>The options of both programs.</summary>
    public IEnumerable<string> Arguments()
    {
        (string Name, IConvertible Value)[] options =
        [
            ("shape", Shape), ("work", Kind), ("batch", Batch), ("source", Source), ("target", Target), ("beams", Beams), ("dropout", Dropout), ("adapter-dropout", AdapterDropout),
            ("steps", Steps), ("uncounted", Uncounted), ("threads", Threads),
        ];
        return options.SelectMany(option => (string[])[$"--{option.Name}", option.Value.ToString(CultureInfo.InvariantCulture)]);
    }
}
