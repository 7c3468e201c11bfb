using AdaLora.Internals;
using AdaLora.Peft;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Adapters as plain LoRA.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>
    /// Writes the adapter as plain LoRA in PEFT's layout, for tools that only know LoRA: lambda is folded into A, the scale into B. Ranks differ by module as they do here; modules of rank 0
    /// are left out.
    /// </summary>
    /// <param name="folder">Created if it does not exist; an adapter in it is replaced.</param>
    /// <exception cref="InvalidOperationException">No matrix has a triplet, which LoRA cannot express; or lambdas were trained, or gradients left unused, although the allocator never ran.</exception>
    /// <exception cref="NotSupportedException">Grouped convolutions are adapted, which PEFT's LoRA computes differently, or weights without a layer; all of them are listed.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to the folder is not permitted.</exception>
    public void ExportLora(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        using var guard = _activity.Gate.Change("exported");
        RequireSelected("exported");
        RequireStep();
        if (Sites.Where(s => s.Adaptable.IsGrouped).Select(s => s.Path).ToList() is { Count: > 0 } grouped)
            throw new NotSupportedException($"PEFT's LoRA computes grouped convolutions differently: {string.Join(", ", grouped)}. {nameof(Save)} writes them as AdaLoRA.");
        if (Sites.Where(s => !s.Adaptable.HasPlainLora).Select(s => s.Path).ToList() is { Count: > 0 } others)
            throw new NotSupportedException($"Only adapters of linear layers, convolutions and embeddings are written as plain LoRA, not {string.Join(", ", others)}. {nameof(Save)} writes them as AdaLoRA.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var exported = KeptTriplets().Where(k => k.Lambda.shape[0] > 0).ToList();
        var tensors = TrainedTensors(exported.Select(k => k.Name));
        var ranks = new List<KeyValuePair<string, int>>();
        foreach (var (name, scale, right, lambda, left) in exported)
        {
            ranks.Add(KeyValuePair.Create(name, (int)lambda.shape[0]));
            var (rank, sizes) = ((int)lambda.shape[0], new MatrixSizes(Sites.First(s => s.Path == name).Adaptable));
            var endings = SavedLoraConfig.NamesOf(sizes.IsTable);
            tensors[PeftName.Prefix + name + endings[0]] = right.mul(lambda).view(sizes.LoraRight(rank));
            tensors[PeftName.Prefix + name + endings[1]] = left.Mul(scale).reshape(sizes.LoraLeft(rank));
        }

        if (ranks.Count == 0)
            throw new InvalidOperationException("No adapted matrix has a triplet left, and LoRA has no rank 0. There is nothing to export.");
        WarnOfClashes();
        WriteAdapter(folder, LoraConfigWriter.Write(Describe(), _origin?.Config, ranks), tensors, SavedAttachments.AddTo(UnsettledRanks.None.Metadata(), MaterialisedNames));
    }
}
