using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Peft;

/// <summary>The contents of a saved adapter, determined without its base model: ranks, budget, counts, singular values, and how orthogonal its matrices are.</summary>
public sealed class AdapterInspection
{
    private AdapterInspection(SavedConfig config, IReadOnlyList<InspectedMatrix> matrices, IReadOnlyList<InspectedModule> trainedInFull, long adapterParameters)
    {
        Kind = config.Kind;
        AreRanksFinal = config.AreRanksFinal;
        Matrices = matrices;
        TrainedInFull = trainedInFull;
        AdapterParameters = adapterParameters;
    }

    /// <summary>The kind of adapter as its configuration names it: ADALORA, or LORA for a plain one.</summary>
    public string Kind { get; }

    /// <summary>Whether ranks were settled when the adapter was saved. Always true for plain LoRA.</summary>
    public bool AreRanksFinal { get; }

    /// <summary>Triplets at the start over all matrices; a plain LoRA adapter, and one without a rank pattern, started with what is stored.</summary>
    public int InitialTriplets => Matrices.Sum(m => m.InitialRank);

    /// <summary>Triplets stored, over all matrices.</summary>
    public int KeptTriplets => Matrices.Sum(m => m.Rank);

    /// <summary>Numbers stored for the adapted matrices: rank · (out + in + 1) each, or rank · (out + in) for plain LoRA.</summary>
    public long AdapterParameters { get; }

    /// <summary>Numbers stored for everything that was trained without an adapter.</summary>
    public long ParametersInFull => TrainedInFull.Sum(m => m.Parameters);

    /// <summary>What was trained without an adapter and is stored as a whole, such as a classifier or biases: by module, in ordinal order.</summary>
    public IReadOnlyList<InspectedModule> TrainedInFull { get; }

    /// <summary>Every adapted matrix. Names are in ordinal order, except that numbers in them are ordered by value.</summary>
    public IReadOnlyList<InspectedMatrix> Matrices { get; }

    /// <summary>
    /// Reads an adapter and measures it on the CPU in double precision. No product the size of a layer is formed: each matrix costs two QR decompositions of its thin factors.
    /// </summary>
    /// <param name="folder">A folder written by <see cref="AdaLoraModel.Save"/>, <see cref="AdaLoraModel.ExportLora"/> or PEFT.</param>
    /// <exception cref="InvalidDataException">
    /// The folder holds no adapter, its configuration cannot be followed, or tensors are missing, of the wrong shape, not finite, or not part of an adapter; all problems are listed.
    /// </exception>
    /// <exception cref="SafetensorsException">The weights file violates the format.</exception>
    public static AdapterInspection Read(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        var path = AdapterFolder.Find(folder, AdapterFolder.ConfigFile);
        var config = SavedConfig.Parse(RegularFile.ReadAllBytes(path), path);
        using var file = SafetensorsFile.Open(AdapterFolder.Find(folder, AdapterFolder.WeightsFile));
        config.Unsettled = UnsettledRanks.Read(file);
        var contents = new SavedContents(config, file.Entries);
        ThrowIfAny(folder, contents.Problems);

        var problems = new List<string>();
        var matrices = new List<InspectedMatrix>(contents.Modules.Count);
        foreach (var module in contents.Modules)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var stored = contents.TensorsOf(module).Select(name => (Name: name, Value: file.Read(name).to(ScalarType.Float64))).ToList();
            var broken = stored.Where(t => !HostRead.Scalar<bool>(t.Value.isfinite().all())).Select(t => $"'{t.Name}' holds values that are not finite").ToList();
            problems.AddRange(broken);
            if (broken.Count == 0)
                matrices.Add(MatrixMeasurement.Of(module, config, [.. stored.Select(t => t.Value)]));
        }

        ThrowIfAny(folder, problems);
        return new AdapterInspection(config, matrices, contents.TrainedInFull, contents.AdapterParameters);
    }

    private static void ThrowIfAny(string folder, IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
            throw new InvalidDataException($"The adapter in '{folder}' cannot be inspected: {string.Join("; ", problems)}.");
    }
}
