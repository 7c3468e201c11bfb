using AdaLora.Experiments.Tasks;
using AdaLora.Internals;
using AdaLora.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>Keeps what was added to weights, entry by entry: for each tensor the places of changed entries, counted row by row, and what was added there.</summary>
internal static class SparseDeltas
{
    private const string FileName = "diff.safetensors";
    private const string Places = ".places";
    private const string Values = ".values";

    /// <returns>The file.</returns>
    public static string Write(string folder, IEnumerable<DiffWeight> weights)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, FileName);
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var weight in weights)
        {
            var delta = weight.Delta().view(-1);
            var places = delta.nonzero().view(-1);
            if (places.numel() == 0)
                continue;
            tensors.Add(weight.Name + Places, places.cpu());
            tensors.Add(weight.Name + Values, delta.index_select(0, places).cpu());
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
        return path;
    }

    /// <summary>Adds what a file holds to the weights of a model.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or belongs to another model; everything that is wrong is listed, and nothing was changed.</exception>
    /// <exception cref="SafetensorsException">The file is damaged.</exception>
    public static void Add(BaseModel model, string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"'{path}' does not exist; the run was not finished.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = SafetensorsFile.Open(path);
        var parameters = model.Module.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var names = file.Entries.Keys.Select(name => name[..^(name.EndsWith(Places, StringComparison.Ordinal) ? Places : Values).Length]).Distinct().ToList();
        var changes = names.Select(name => (Name: name, Target: parameters.GetValueOrDefault(name), Places: Read(file, name + Places), Values: Read(file, name + Values))).ToList();
        var faults = changes.Where(change => !Fits(change.Target, change.Places, change.Values)).Select(change => change.Name).ToList();
        if (faults.Count > 0)
            throw new InvalidDataException($"{path} does not fit the model: {string.Join(", ", faults.Order(StringComparer.Ordinal))}.");
        foreach (var (_, target, places, values) in changes)
        {
            var sum = target!.to(ScalarType.Float32).view(-1).index_select(0, places!.to(target.device));
            target.view(-1).index_copy_(0, places!.to(target.device), sum.Add(values!.to(target.device)).to(target.dtype));
        }
    }

    private static Tensor? Read(SafetensorsFile file, string name) => file.Entries.ContainsKey(name) ? file.Read(name) : null;

    private static bool Fits(Parameter? target, Tensor? places, Tensor? values) =>
        target is not null && places is { dtype: ScalarType.Int64, Dimensions: 1 } && values is { dtype: ScalarType.Float32, Dimensions: 1 } && places.numel() > 0 && places.numel() == values.numel()
        && places.min().item<long>() >= 0 && places.max().item<long>() < target.numel();
}
