using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Folders that hold no adapter, or a damaged one: reported by name and in full.</summary>
public sealed class AdapterInspectionFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_folder_without_an_adapter_is_refused() =>
        Assert.Contains("holds no adapter", Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_kind_is_refused()
    {
        Refused(Sound(file => file.Config["peft_type"] = "IA3"), "'IA3'");
    }

    [Fact]
    public void Broken_weights_are_refused()
    {
        Sound().Write();
        var path = _folder.File("adapter_model.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^5]);
        Assert.Throws<SafetensorsException>(() => AdapterInspection.Read(_folder.Path));
    }

    [Fact]
    public void Every_fault_of_names_shapes_and_types_is_listed() => Refused(
        Sound(file =>
        {
            _ = file.With("short", ones(3, 4), ones(4, 1), ones(3, 5)).With("lacking.lora_A", ones(4, 5)).With("whole", ones(3, 4), ones(4, 1), ones(4, 5, dtype: ScalarType.Int64));
            file.Config["rank_pattern"] = new JsonObject(((string[])["sound", "short", "whole", "lacking", "absent"]).Select(n =>
                KeyValuePair.Create(n + ".lora_E", (JsonNode?)new JsonArray(true, true, true, true))));
        }),
        "'base_model.model.short.lora_A' has shape (3, 5) instead of (4, 5)",
        "'base_model.model.lacking.lora_B' is missing",
        "'base_model.model.lacking.lora_E' is missing",
        "'base_model.model.absent.lora_A' is missing",
        "'base_model.model.whole.lora_A' is of type Int64");

    [Fact]
    public void Values_that_are_not_finite_are_named() => Refused(
        Sound(file => _ = file.With("bad", full([3, 4], double.NaN), ones(4, 1), ones(4, 5)).With("worse", ones(3, 4), ones(4, 1).div(0), ones(4, 5))),
        "'base_model.model.bad.lora_B' holds values that are not finite",
        "'base_model.model.worse.lora_E' holds values that are not finite");

    [Fact]
    public void Weights_of_something_else_are_refused()
    {
        Sound().Write();
        SafetensorsWriter.Write(_folder.File("adapter_model.safetensors"), new Dictionary<string, Tensor> { ["encoder.weight"] = ones(2, 2) });
        var message = Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message;
        Assert.Contains("it holds no adapted matrices", message, StringComparison.Ordinal);
        Assert.Contains("'encoder.weight'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_of_what_was_trained_in_full_count_once()
    {
        Sound(file => _ = file
            .With("head.bias", ones(7)).With("head.original_module.bias", ones(7)).With("head.modules_to_save.default.bias", ones(7))
            .With("sound.base_layer.bias", ones(3))).Write();
        Assert.Equal([("head", 7L), ("sound", 3L)], AdapterInspection.Read(_folder.Path).TrainedInFull.Select(module => (module.Name, module.Parameters)));
    }

    private SavedByHand Sound(Action<SavedByHand>? change = null)
    {
        var file = new SavedByHand(_folder.Path).With("sound", ones(3, 4), ones(4, 1), ones(4, 5));
        change?.Invoke(file);
        return file;
    }

    private void Refused(SavedByHand file, params string[] reasons)
    {
        file.Write();
        var message = Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.All(reasons, reason => Assert.Contains(reason, message, StringComparison.Ordinal));
    }
}
