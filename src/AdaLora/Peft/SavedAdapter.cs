using AdaLora.Adapters;
using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Peft;

/// <summary>An adapter on disk, checked against a model before anything is changed.</summary>
internal sealed class SavedAdapter : IDisposable
{
    private readonly string _folder;
    private readonly SavedConfig _config;
    private readonly SafetensorsFile _file;

    /// <exception cref="InvalidDataException">A file is missing or the configuration cannot be followed.</exception>
    /// <exception cref="SafetensorsException">The weights file violates the format.</exception>
    public SavedAdapter(string folder)
    {
        _folder = folder;
        var path = AdapterFolder.Find(folder, AdapterFolder.ConfigFile);
        _config = SavedConfig.Parse(RegularFile.ReadAllBytes(path), path);
        _file = SafetensorsFile.Open(AdapterFolder.Find(folder, AdapterFolder.WeightsFile));
        try
        {
            _config.Unsettled = UnsettledRanks.Read(_file);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Fields of the configuration that are set but unknown.</summary>
    public IReadOnlyList<string> UnknownFields => _config.UnknownFields;

    /// <summary>Finds where everything that is stored belongs in a model, which is not changed.</summary>
    /// <exception cref="InvalidDataException">The adapter does not fit the model; all mismatches are listed.</exception>
    public SavedFit FitTo(nn.Module model)
    {
        var fit = new SavedFit(model, _config, _file.Entries, SavedAttachments.Read(_file));
        if (fit.Problems.Count > 0)
            throw new InvalidDataException($"The adapter in '{_folder}' does not fit the model: {string.Join("; ", fit.Problems)}.");

        return fit;
    }

    /// <summary>Copies the stored values into adapters that were attached as the fit prescribes, and into what is trained in full.</summary>
    public void Fill(IReadOnlyList<SvdAdapter> adapters, SavedFit fit, IReadOnlyList<RowTraining> rows)
    {
        foreach (var adapter in adapters)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var stored = _config.EndingsOf(adapter is SvdEmbedding).Select(ending => Read(PeftName.Prefix + adapter.Slot.Name + ending, scope)).ToArray();
            var (right, lambda, left) = stored.Length == 3 ? (stored[0], stored[1], stored[2]) : SingularTriplets.Of(stored[0].flatten(1), stored[1].flatten(1));
            foreach (var ((view, _), value) in adapter.Views.Zip([right, lambda, left]))
                view.copy_(value);
        }

        foreach (var (stored, target) in fit.Others.Concat(rows.Select(own => (PeftName.Prefix + own.Name, (Tensor)own.Values))))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            target.copy_(Read(stored, scope));
        }
    }

    public void Dispose() => _file.Dispose();

    private Tensor Read(string name, TorchSharp.DisposeScope scope)
    {
        var tensor = _file.Read(name);
        scope.Attach(tensor);
        return tensor;
    }
}
