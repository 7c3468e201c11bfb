using AdaLora.Devices;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Devices;

public sealed class ModelPrecisionTests
{
    [Theory]
    [InlineData("float32", "float32", ScalarType.Float32)]
    [InlineData("FP32", "float32", ScalarType.Float32)]
    [InlineData("tf32", "tf32", ScalarType.Float32)]
    [InlineData("bfloat16", "bfloat16", ScalarType.BFloat16)]
    [InlineData("Bf16", "bfloat16", ScalarType.BFloat16)]
    [InlineData("float16", "float16", ScalarType.Float16)]
    [InlineData("fp16", "float16", ScalarType.Float16)]
    public void Long_and_short_names_are_known(string name, string expected, ScalarType dtype)
    {
        Assert.True(ModelPrecision.IsName(name));
        Assert.Equal((expected, dtype), (ModelPrecision.Find(name).Name, ModelPrecision.Find(name).Dtype));
        Assert.Equal(expected, $"{ModelPrecision.Find(name)}");
    }

    [Theory]
    [InlineData("half")]
    [InlineData("")]
    [InlineData("float64")]
    [InlineData("bf16 ")]
    public void Other_names_are_refused_with_those_there_are(string name)
    {
        Assert.False(ModelPrecision.IsName(name));
        Assert.Contains("float32, tf32, bfloat16, float16", Assert.Throws<ArgumentException>(() => ModelPrecision.Find(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TF32_is_refused_on_a_cpu_and_slow_precisions_are_named()
    {
        Assert.Null(ModelPrecision.Float32.UseOn(CPU));
        var refusal = Assert.Throws<DeviceException>(() => ModelPrecision.TensorFloat32.UseOn(CPU));
        Assert.Contains("tf32 is a precision of GPUs; on cpu there is float32", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("float16 is several times slower than float32 on this processor", ModelPrecision.Float16.UseOn(CPU), StringComparison.Ordinal);
    }

    [Fact]
    public void TF32_is_on_for_no_other_precision()
    {
        Assert.SkipUnless(cuda.is_available(), "There is no card here.");
        foreach (var precision in (ModelPrecision[])[ModelPrecision.TensorFloat32, ModelPrecision.Float32, ModelPrecision.TensorFloat32, ModelPrecision.BFloat16])
        {
            Assert.Null(precision.UseOn(CUDA));
            var isOn = precision == ModelPrecision.TensorFloat32;
            Assert.Equal((isOn, isOn), (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32));
        }

        _ = ModelPrecision.Float32.UseOn(CUDA);
    }
}
